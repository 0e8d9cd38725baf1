"""Writes tar headers as Docker does, byte for byte: Go's archive/tar in PAX format, without random parts.

Source: Go archive/tar/writer.go and strconv.go, moby pkg/archive/archive.go (FileInfoHeader) and archive_linux.go
(overlayWhiteoutConverter). A layer's tar is a sequence of these; the layer's digest shows whether a guess is right.
"""

from msgspec import Struct

BLOCK = 512
_NAME_BYTES = 100
_PREFIX_BYTES = 155
_MOST_ID = 0o7777777
_MOST_SIZE = 0o77777777777
_FLAGS = {"file": b"0", "hardlink": b"1", "symlink": b"2", "char": b"3", "block": b"4", "directory": b"5", "fifo": b"6"}


class TarEntry(Struct, frozen=True, kw_only=True):
    """The fields of a header.

    Attributes:
        name: path in the layer; of a directory with a slash at its end.
        kind: "file", "directory", "symlink", "hardlink", "char", "block" or "fifo".
        mode: the value of the field, including type bits of old engines.
        uid: owner; ``gid`` its group.
        size: bytes of content; 0 for all but files.
        mtime: whole seconds since 1970.
        link: target of a link.
        device: (major, minor).
        xattrs: as PAX records.
    """

    name: bytes
    kind: str
    mode: int
    uid: int
    gid: int
    size: int = 0
    mtime: int = 0
    link: bytes = b""
    device: tuple[int, int] = (0, 0)
    xattrs: dict[bytes, bytes] = {}


def padding(size: int) -> bytes:
    """Return the zeros between the end of a content and the next header."""
    return bytes(-size % BLOCK)


def header(entry: TarEntry) -> bytes:
    r"""Return the bytes of one entry's header, its PAX records before it.

    >>> raw = header(TarEntry(name=b"etc/", kind="directory", mode=0o755, uid=0, gid=0, mtime=1))
    >>> len(raw), raw[:4], raw[100:108], raw[148:157]
    (512, b'etc/', b'0000755\x00', b'007761\x00 5')
    """
    records = _records(entry)
    prefix, name = b"", entry.name
    # If only the name is too long, ustar's prefix field may take its first part.
    if records.keys() == {b"path"}:
        split = _split(entry.name)
        if split is not None:
            prefix, name = split
            records = {}
    block = bytearray(BLOCK)
    _put(block, 0, _NAME_BYTES, name)
    _put(block, 345, _PREFIX_BYTES, prefix)
    uid, gid = (number if 0 <= number <= _MOST_ID else 0 for number in (entry.uid, entry.gid))
    size = entry.size if entry.size <= _MOST_SIZE else 0
    mtime = entry.mtime if 0 <= entry.mtime <= _MOST_SIZE else 0
    block[100:124] = b"%07o\0%07o\0%07o\0" % (entry.mode, uid, gid)
    block[124:148] = b"%011o\0%011o\0" % (size, mtime)
    block[156:157] = _FLAGS[entry.kind]
    _put(block, 157, _NAME_BYTES, entry.link)
    block[329:345] = b"%07o\0%07o\0" % entry.device
    _seal(block)
    return _extended(entry.name, records) + bytes(block) if records else bytes(block)


def _records(entry: TarEntry) -> dict[bytes, bytes]:
    texts = ((b"path", entry.name), (b"linkpath", entry.link))
    records = {key: text for key, text in texts if len(text) > _NAME_BYTES or not text.isascii()}
    for key, number, most in (
        (b"uid", entry.uid, _MOST_ID),
        (b"gid", entry.gid, _MOST_ID),
        (b"size", entry.size, _MOST_SIZE),
        (b"mtime", entry.mtime, _MOST_SIZE),
    ):
        if not 0 <= number <= most:
            records[key] = b"%d" % number
    records.update({b"SCHILY.xattr." + key: value for key, value in entry.xattrs.items()})
    return records


def _split(name: bytes) -> tuple[bytes, bytes] | None:
    """Return prefix and rest of a long name that fits ustar (Go's splitUSTARPath)."""
    if not name.isascii():
        return None
    length = len(name)
    if length > _PREFIX_BYTES + 1:
        length = _PREFIX_BYTES + 1
    elif name.endswith(b"/"):
        length -= 1
    at = name.rfind(b"/", 0, length)
    rest = len(name) - at - 1
    if at <= 0 or rest > _NAME_BYTES or rest == 0 or at > _PREFIX_BYTES:
        return None
    return name[:at], name[at + 1 :]


def _extended(name: bytes, records: dict[bytes, bytes]) -> bytes:
    data = b"".join(_record(key, records[key]) for key in sorted(records))
    folder, _, base = name.rstrip(b"/").rpartition(b"/")
    if name.endswith(b"/"):
        # Go splits at the last slash: of "a/b/" the directory is "a/b" and the base is empty.
        folder, base = name.rstrip(b"/"), b""
    title = b"/".join(part for part in (folder, b"PaxHeaders.0", base) if part)
    block = bytearray(BLOCK)
    _put(block, 0, _NAME_BYTES, bytes(byte for byte in title if 0 < byte < 0x80))
    block[100:124] = b"%07o\0%07o\0%07o\0" % (0, 0, 0)
    block[124:148] = b"%011o\0%011o\0" % (len(data), 0)
    block[156:157] = b"x"
    _seal(block)
    return bytes(block) + data + padding(len(data))


def _record(key: bytes, value: bytes) -> bytes:
    body = b" " + key + b"=" + value + b"\n"
    size = len(body) + len(str(len(body)))
    if len(str(size)) + len(body) != size:
        size = len(str(size)) + len(body)
    return b"%d" % size + body


def _put(block: bytearray, start: int, room: int, text: bytes) -> None:
    raw = text if text.isascii() else bytes(byte for byte in text if 0 < byte < 0x80)
    if len(raw) > room:
        raw = raw[:room]
        if text.endswith(b"/") or raw.endswith(b"/"):
            raw = raw.rstrip(b"/")
    block[start : start + len(raw)] = raw


def _seal(block: bytearray) -> None:
    block[257:265] = b"ustar\x0000"
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
