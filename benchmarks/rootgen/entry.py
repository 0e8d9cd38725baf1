"""The entries of a layer: one per path, with everything that its tar header and its directory entry say."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

from benchmarks.rootgen.crc64 import combine, crc64, repeated


class Kind(Enum):
    """The kinds of tar entries that a layer holds; the value is the tar type flag."""

    FILE = b"0"
    HARDLINK = b"1"
    SYMLINK = b"2"
    CHAR_DEVICE = b"3"
    DIRECTORY = b"5"
    FIFO = b"6"
    # In the tar an empty file .wh.NAME, on disk a character device 0/0 (overlayfs's own mark).
    WHITEOUT = b"w"


@dataclass(frozen=True, slots=True)
class Content:
    """A file's bytes: a head, then one block repeated, so that a file of gigabytes needs no memory."""

    head: bytes = b""
    block: bytes = b""
    repeats: int = 0
    crc64: int = field(init=False)

    def __post_init__(self) -> None:
        checksum = crc64(self.head)
        if self.repeats:
            checksum = combine(checksum, repeated(self.block, self.repeats), len(self.block) * self.repeats)
        object.__setattr__(self, "crc64", checksum)

    @property
    def size_bytes(self) -> int:
        """The file's length."""
        return len(self.head) + len(self.block) * self.repeats

    def chunks(self) -> Iterator[bytes]:
        """The bytes in order, in pieces."""
        yield self.head
        for _ in range(self.repeats):
            yield self.block


EMPTY = Content()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One path of a layer, relative to its root, without a slash at either end.

    Attributes:
        target: of a symbolic link its text, of a hard link the path it shares the inode with.
        opaque: a directory that hides what lower layers have there (`trusted.overlay.opaque`, `.wh..wh..opq`).
        device: major and minor number.
        mtime: whole seconds, as Docker's tar headers have it.
    """

    path: str
    kind: Kind = Kind.FILE
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    mtime: int = 0
    content: Content = EMPTY
    target: str = ""
    device: tuple[int, int] = (0, 0)
    xattrs: Mapping[str, bytes] = field(default_factory=dict)
    opaque: bool = False
