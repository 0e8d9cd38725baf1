"""Tar headers byte for byte as Docker writes them: Go's archive/tar with Format PAX, names and times of one second's grain.

Source: Go's archive/tar/writer.go (1.21) and moby/moby:pkg/archive/archive.go (26.1). A layer that dockerd 26.1.5 commits and
the same entries through `headers` give the same diff id.
"""

import posixpath
from collections.abc import Iterator

from benchmarks.rootgen.entry import Entry, Kind

BLOCK = 512
OPAQUE_MARK = ".wh..wh..opq"
WHITEOUT_PREFIX = ".wh."
_NAME_BYTES = 100
_PREFIX_BYTES = 155
_LARGEST_OCTAL_ID = 0o7777777


def padding(size_bytes: int) -> bytes:
    """The zeros between the end of a file's data and the next header."""
    return bytes(-size_bytes % BLOCK)


def headers(entry: Entry) -> Iterator[tuple[str, bytes]]:
    """Name and header bytes of each tar entry that this one makes: an opaque directory makes two."""
    name = entry.path
    if entry.kind is Kind.DIRECTORY:
        name += "/"
    if entry.kind is Kind.WHITEOUT:
        folder, base = posixpath.split(entry.path)
        name = posixpath.join(folder, WHITEOUT_PREFIX + base)
        yield name, _header(name, b"0", 0o600, entry, size_bytes=0)
        return
    size = entry.content.size_bytes if entry.kind is Kind.FILE else 0
    yield name, _header(name, entry.kind.value, entry.mode, entry, size_bytes=size)
    if entry.opaque:
        mark = name + OPAQUE_MARK
        yield mark, _header(mark, b"0", entry.mode, Entry(path=mark, uid=entry.uid, gid=entry.gid), size_bytes=0)


def _header(name: str, flag: bytes, mode: int, entry: Entry, *, size_bytes: int) -> bytes:
    records = _pax_records(name, entry)
    prefix, suffix = _split(name)
    if prefix and records.keys() <= {"path"}:
        records = {}
    else:
        prefix, suffix = "", name
    block = bytearray(BLOCK)
    _put_text(block, 0, _NAME_BYTES, suffix)
    _put_text(block, 345, _PREFIX_BYTES, prefix)
    block[100:124] = b"%07o\0%07o\0%07o\0" % (mode, _octal_id(entry.uid), _octal_id(entry.gid))
    block[124:148] = b"%011o\0%011o\0" % (size_bytes, entry.mtime)
    block[156:157] = flag
    _put_text(block, 157, _NAME_BYTES, entry.target)
    block[329:345] = b"%07o\0%07o\0" % entry.device
    _seal(block)
    if not records:
        return bytes(block)
    return _extended(name, records) + bytes(block)


def _split(name: str) -> tuple[str, str]:
    """Prefix and rest of a long name that ustar can hold in two fields (Go's splitUSTARPath), else two empty strings."""
    if len(name) <= _NAME_BYTES or not name.isascii():
        return "", ""
    at = name[: min(len(name.rstrip("/")), _PREFIX_BYTES + 1)].rfind("/")
    fits = at > 0 and 0 < len(name) - at - 1 <= _NAME_BYTES
    return (name[:at], name[at + 1 :]) if fits else ("", "")


def _octal_id(number: int) -> int:
    """Return the value of the octal field: 0 when the number does not fit and stands in a PAX record instead."""
    return number if number <= _LARGEST_OCTAL_ID else 0


def _pax_records(name: str, entry: Entry) -> dict[str, str | bytes]:
    texts = {"path": name, "linkpath": entry.target}
    numbers = {"uid": entry.uid, "gid": entry.gid}
    records: dict[str, str | bytes] = {
        key: text for key, text in texts.items() if len(text) > _NAME_BYTES or not text.isascii()
    }
    records |= {key: str(number) for key, number in numbers.items() if number > _LARGEST_OCTAL_ID}
    records |= {f"SCHILY.xattr.{key}": value for key, value in entry.xattrs.items()}
    return records


def _extended(name: str, records: dict[str, str | bytes]) -> bytes:
    data = b"".join(_record(key, value) for key, value in sorted(records.items()))
    folder, base = posixpath.split(name)
    block = bytearray(BLOCK)
    title = _ascii(posixpath.join(folder, "PaxHeaders.0", base))[:_NAME_BYTES].rstrip(b"/")
    block[: len(title)] = title
    block[100:124] = b"%07o\0%07o\0%07o\0" % (0, 0, 0)
    block[124:148] = b"%011o\0%011o\0" % (len(data), 0)
    block[156:157] = b"x"
    _seal(block)
    return bytes(block) + data + padding(len(data))


def _record(key: str, value: str | bytes) -> bytes:
    body = b" " + key.encode() + b"=" + (value.encode() if isinstance(value, str) else value) + b"\n"
    size = len(body) + len(str(len(body)))
    if len(str(size)) + len(body) != size:
        size = len(str(size)) + len(body)
    return str(size).encode() + body


def _ascii(text: str) -> bytes:
    return bytes(byte for byte in text.encode() if 0 < byte < 0x80)


def _put_text(block: bytearray, start: int, room: int, text: str) -> None:
    raw = text.encode() if text.isascii() else _ascii(text)
    if len(raw) > room:
        raw = raw[:room]
        if text.endswith("/") or raw.endswith(b"/"):
            raw = raw.rstrip(b"/")
    block[start : start + len(raw)] = raw


def _seal(block: bytearray) -> None:
    block[257:265] = b"ustar\x0000"
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
