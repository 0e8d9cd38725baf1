"""Which host a mounted disk is of: what a repair of it records, and what its undo compares."""

from msgspec import Struct


class HostIdentity(Struct, frozen=True, kw_only=True):
    """What tells one disk from others; a default says nothing.

    Attributes:
        machine: the text of ``/etc/machine-id``.
        file_system: magic number and id of the file system at its root, as hex.
        root: inode and birth (nanoseconds since the epoch) of the root directory and of ``/etc``.
    """

    machine: str = ""
    file_system: str = ""
    root: tuple[tuple[int, int], ...] = ()

    def is_other(self, here: "HostIdentity") -> bool:
        """Whether the disk that is here is provably another one than was recorded.

        A machine id is made once for a host, and copied with it; the same directories on the same file system are the same disk,
        whatever its id says by now. Where nothing is known on one side, nothing is proven.
        """
        if self.file_system and self.file_system == here.file_system and self.root and self.root == here.root:
            return False
        if self.machine and here.machine:
            return self.machine != here.machine
        # A repair may have made /etc, which was not there to be recorded.
        return any(one != other for one, other in zip(self.root, here.root, strict=False))
