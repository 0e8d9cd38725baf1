"""Headers of tar entries as tar-split keeps them: mode, owner, type, link and extended attributes of every file."""

from msgspec import Struct

from doctor.model.errors import FormatError
from doctor.proof.tar.tar_pax import parse_records

BLOCK = 512
MAX_EXTENSION = 1 << 20
"""Bytes of one PAX or GNU extension header; Go's archive/tar stops there too."""

_TYPES = {
    b"0": "file", b"\0": "file", b"7": "file", b"1": "hardlink", b"2": "symlink", b"3": "char", b"4": "block",
    b"5": "directory", b"6": "fifo", b"S": "file",
}  # fmt: skip
_WHITEOUT = b".wh."
_OPAQUE = b".wh..wh..opq"


class Header(Struct, frozen=True, kw_only=True):
    """One entry of a layer's tar.

    Attributes:
        name: path within the layer, as written ("./etc/passwd", "usr/").
        kind: "file", "directory", "symlink", "hardlink", "char", "block" or "fifo".
        mode: permission bits with setuid, setgid and sticky.
        uid: owner.
        gid: group.
        size: bytes of content; 0 for everything but files.
        mtime_ns: time of change, nanoseconds since 1970.
        link: target of a symlink, or the path in the layer that a hard link joins.
        device: (major, minor) of a device.
        xattrs: extended attributes ("security.capability").
    """

    name: bytes
    kind: str
    mode: int
    uid: int
    gid: int
    size: int
    mtime_ns: int
    link: bytes
    device: tuple[int, int]
    xattrs: dict[bytes, bytes]

    @property
    def base(self) -> bytes:
        """The last part of the name."""
        return self.name.rstrip(b"/").rpartition(b"/")[2]

    @property
    def is_opaque(self) -> bool:
        """Whether it hides all entries of lower layers in its directory."""
        return self.base == _OPAQUE

    @property
    def removed(self) -> bytes | None:
        """The path that this whiteout removes from the lower layers; None for everything else."""
        if not self.base.startswith(_WHITEOUT) or self.base.startswith(b".wh..wh."):
            return None
        folder = self.name[: len(self.name) - len(self.base)]
        return folder + self.base[len(_WHITEOUT) :]


def parse_headers(raw: bytes) -> Header | None:
    """The entry that a piece of raw tar describes: its extension headers, then its own; None for padding and the end.

    Raises:
        FormatError: a header with a wrong checksum or number, or a truncated one.
    """
    position = 0
    pax: dict[bytes, bytes] = {}
    long_name = long_link = b""
    while position + BLOCK <= len(raw):
        block = raw[position : position + BLOCK]
        if not block.strip(b"\0"):
            position += BLOCK
            continue
        _check(block, position)
        kind, size = block[156:157], number(block[124:136])
        body = position + BLOCK
        if kind not in {b"x", b"g", b"L", b"K"}:
            return _header(block, pax, long_name, long_link)
        if not 0 <= size <= MAX_EXTENSION or body + size > len(raw):
            raise FormatError("a tar extension header is truncated", where=f"byte {position}")
        content = raw[body : body + size]
        if kind == b"x":
            pax = parse_records(content)
        elif kind == b"L":
            long_name = content.split(b"\0", 1)[0]
        elif kind == b"K":
            long_link = content.split(b"\0", 1)[0]
        position = body + -(-size // BLOCK) * BLOCK
    return None


def number(field: bytes) -> int:
    r"""A number of a tar header: octal digits, or base 256 with the first bit set (GNU).

    Raises:
        FormatError: neither.

    >>> number(b"0000644\0"), number(b"\x80" + bytes(10) + b"\x05")
    (420, 5)
    """
    if field[:1] and field[0] & 0x80:
        negative = bool(field[0] & 0x40)
        value = int.from_bytes(bytes([field[0] & 0x7F | (0x80 if negative else 0)]) + field[1:], "big", signed=negative)
        if not -(1 << 63) <= value < 1 << 63:
            raise FormatError("a number in a tar header is too big")
        return value
    digits = field.strip(b" \0")
    if digits.strip(b"01234567"):
        raise FormatError(f"not a number in a tar header: {digits[:20]!r}")
    return int(digits or b"0", 8)


def _check(block: bytes, position: int) -> None:
    wanted = number(block[148:156])
    # The checksum counts itself as eight blanks.
    if wanted != sum(block) - sum(block[148:156]) + 8 * 0x20:
        raise FormatError("a tar header has a wrong checksum", where=f"byte {position}")


def _text(field: bytes) -> bytes:
    return field.split(b"\0", 1)[0]


def _decimal(pax: dict[bytes, bytes], key: bytes, otherwise: int) -> int:
    value = pax.get(key)
    if value is None:
        return otherwise
    if not value.isdigit() or len(value) > 19:
        raise FormatError(f"not a number in a PAX record: {value[:20]!r}")
    return int(value)


def _mtime_ns(pax: dict[bytes, bytes], block: bytes) -> int:
    text = pax.get(b"mtime")
    if text is None:
        return number(block[136:148]) * 1_000_000_000
    whole, _, fraction = text.partition(b".")
    sign = -1 if whole.startswith(b"-") else 1
    digits = whole.lstrip(b"-")
    if not digits.isdigit() or len(digits) > 12 or (fraction and not fraction.isdigit()):
        raise FormatError(f"not a time in a PAX record: {text[:30]!r}")
    return sign * (int(digits) * 1_000_000_000 + int(fraction[:9].ljust(9, b"0") or b"0"))


def _header(block: bytes, pax: dict[bytes, bytes], long_name: bytes, long_link: bytes) -> Header:
    kind = _TYPES.get(block[156:157])
    if kind is None:
        raise FormatError(f"a tar entry of unknown type {block[156:157]!r}")
    name = _text(block[:100])
    prefix = _text(block[345:500])
    if prefix and block[257:263] == b"ustar\0":
        name = prefix + b"/" + name
    name = pax.get(b"path") or long_name or name
    if kind == "file" and name.endswith(b"/"):
        # Old tars mark directories only by a trailing slash, as Go reads them.
        kind = "directory"
    return Header(
        name=name,
        kind=kind,
        mode=number(block[100:108]) & 0o7777,
        uid=_decimal(pax, b"uid", number(block[108:116])),
        gid=_decimal(pax, b"gid", number(block[116:124])),
        size=_decimal(pax, b"size", number(block[124:136])) if kind == "file" else 0,
        mtime_ns=_mtime_ns(pax, block),
        link=pax.get(b"linkpath") or long_link or _text(block[157:257]),
        device=(number(block[329:337]), number(block[337:345])) if kind in {"char", "block"} else (0, 0),
        xattrs={key[len(_XATTR) :]: value for key, value in pax.items() if key.startswith(_XATTR)},
    )


_XATTR = b"SCHILY.xattr."
