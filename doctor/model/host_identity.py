"""Identifies the host of a mounted disk: a repair records it, and undo compares it."""

from msgspec import Struct


class HostIdentity(Struct, frozen=True, kw_only=True):
    """Traits that identify a disk; a default value is unknown.

    Attributes:
        machine: the text of ``/etc/machine-id``.
        file_system: magic number and id of the file system at its root, as hex.
        root: inode and birth time (nanoseconds since the epoch) of the root directory and of ``/etc``.
    """

    machine: str = ""
    file_system: str = ""
    root: tuple[tuple[int, int], ...] = ()

    def is_other(self, here: "HostIdentity") -> bool:
        """Whether the present disk provably differs from the recorded one.

        A machine id is generated once for a host, and copied with it; the same directories on the same file system are
        the same disk, even if the id changed. Unknown values on one side prove nothing.
        """
        if self.file_system and self.file_system == here.file_system and self.root and self.root == here.root:
            return False
        if self.machine and here.machine:
            return self.machine != here.machine
        # A repair may have created /etc, so it could not be recorded.
        return any(one != other for one, other in zip(self.root, here.root, strict=False))
