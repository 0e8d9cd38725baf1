"""The mount table of a process: /proc/PID/mountinfo."""

import re
from collections.abc import Iterable

from msgspec import Struct

from doctor.model.errors import FormatError

_READ_ONLY = frozenset({"ro", "emergency_ro", "shutdown"})
_OCTAL = r"\\([0-3][0-7]{2})"


class Mount(Struct, frozen=True, kw_only=True):
    """One mount.

    Attributes:
        mount_id: number of the mount, unique while it exists.
        parent_id: the mount it is mounted on.
        device: "major:minor" of the files in it.
        root: the directory of the file system that is its root ("/" unless a bind mount or subvolume).
        mount_point: its path, seen from the process's root.
        options: options of this mount ("rw", "nosuid").
        propagation: optional fields ("shared:1", "master:2"); empty for a private mount.
        fs_type: type of the file system, with its subtype ("fuse.sshfs").
        source: the mounted device or resource; "none" without one.
        super_options: options of the file system ("rw", "lowerdir=…").
    """

    mount_id: int
    parent_id: int
    device: str
    root: str
    mount_point: str
    options: tuple[str, ...]
    propagation: tuple[str, ...]
    fs_type: str
    source: str
    super_options: tuple[str, ...]

    @property
    def is_read_only(self) -> bool:
        """Whether the mount or its file system is read-only, also after an error (ext4 of Linux 6.15 and later)."""
        return "ro" in self.options or not _READ_ONLY.isdisjoint(self.super_options)

    @property
    def is_shared(self) -> bool:
        """Whether mounts made beneath it appear in other namespaces, as kubelet needs it."""
        return any(field.startswith("shared:") for field in self.propagation)

    def super_option(self, name: str) -> str | None:
        """The value of an option of the file system ("" for one without a value); None if it isn't set."""
        for option in self.super_options:
            key, _, value = option.partition("=")
            if key == name:
                return value
        return None


def parse(text: str) -> tuple[Mount, ...]:
    r"""The mounts in the kernel's order: of two on one path the later hides the earlier.

    Source: Documentation/filesystems/proc.rst, section 3.5; octal escapes since `seq_path` (fs/seq_file.c).

    Raises:
        FormatError: a line doesn't have the ten fields.

    >>> line = r"36 35 98:0 /m1 /var/lib/a\040b rw,noatime master:1 - ext3 /dev/root rw,errors=continue"
    >>> parse(line)[0].mount_point
    '/var/lib/a b'
    """
    mounts = []
    for number, line in enumerate(text.split("\n"), start=1):
        if line:
            mounts.append(_parse_line(line, number))
    return tuple(mounts)


def covering(mounts: Iterable[Mount], path: str) -> Mount | None:
    r"""The mount of a path without symbolic links: the deepest, or the last of several there.

    >>> covering(parse("1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 8:2 / /var rw - xfs /dev/sdb rw"), "/var/lib").fs_type
    'xfs'
    """
    best: Mount | None = None
    for mount in mounts:
        point = mount.mount_point.rstrip("/")
        inside = path == point or path.startswith(point + "/")
        if inside and (best is None or len(point) >= len(best.mount_point.rstrip("/"))):
            best = mount
    return best


def unescape(field: str) -> str:
    r"""A field with the kernel's octal escapes undone: blank, tab, newline, backslash and "#".

    >>> unescape(r"a\134b")
    'a\\b'
    """
    if "\\" not in field:
        return field
    return re.sub(_OCTAL, lambda match: chr(int(match[1], 8)), field)


def _parse_line(line: str, number: int) -> Mount:
    fields = line.split(" ")
    try:
        # Optional fields end at "-"; the search starts after the six fixed ones.
        dash = fields.index("-", 6)
        fs_type, source, *rest = fields[dash + 1 :]
        mount_id, parent_id = int(fields[0]), int(fields[1])
    except ValueError:
        raise FormatError("not a line of mountinfo", where=f"line {number}") from None
    return Mount(
        mount_id=mount_id,
        parent_id=parent_id,
        device=fields[2],
        root=unescape(fields[3]),
        mount_point=unescape(fields[4]),
        options=tuple(fields[5].split(",")),
        propagation=tuple(fields[6:dash]),
        fs_type=unescape(fs_type),
        source=unescape(source),
        # Super options come from the file system and may contain blanks in old kernels.
        super_options=tuple(unescape(" ".join(rest)).split(",")) if rest else (),
    )
