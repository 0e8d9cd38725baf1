"""The file: gzip over a list of what is in it, one line of JSON, and then the parts one after the other.

A bundle comes from another machine and may be anything. It is read in memory within fixed limits: there are no paths in it, no
links and no nested archives, the sizes are compared before anything is unpacked, and a name in it is only ever compared.
``zcat FILE | head -n 1`` shows the list.
"""

import hashlib
import os
import re
import stat
import sys
import zlib
from collections.abc import Mapping

import msgspec
from msgspec import Struct

from doctor.model.errors import DoctorError, UsageError
from doctor.model.report import HostInfo

FORMAT = "doctor-bundle"
VERSION = 1
LARGEST_FILE = 32 << 20
LARGEST_LIST = 1 << 20
LARGEST_PART = 32 << 20
LARGEST_WHOLE = 128 << 20
"""Limits in bytes, of the file and of what is in it; a host with 1,000 containers has a thirtieth of that (benchmarks/BUNDLE.md)."""
MOST_PARTS = 4096
LONGEST_NAME = 256
_LAST_SECOND = 253402300799
_NAME = re.compile(r"[a-z_][A-Za-z0-9_.:-]{0,199}")
_GZIP = 31
_AGAIN = "copy it again, or take another one with 'doctor bundle'"


class Part(Struct, frozen=True, kw_only=True):
    """One part as the list has it.

    Attributes:
        name: ``MODULE.CLASS`` of a fact, or another name without a dot.
        bytes: its size; ``sha256`` its digest, in hex.
        masked: number of texts in it that are masked; ``dropped`` that of file contents left out.
        missing: why the fact is missing; its part then holds that reason.
        is_escaped: whether it has texts that are not UTF-8.
    """

    name: str
    bytes: int
    sha256: str
    masked: int = 0
    dropped: int = 0
    missing: str = ""
    is_escaped: bool = False


class BundleList(Struct, frozen=True, kw_only=True):
    """The first line of a bundle.

    Attributes:
        doctor: the version that took it; ``taken`` when, in seconds since the epoch.
        host: the host it is of; ``root`` is the directory that was examined there.
        is_root: whether root took it: others see less of a host.
        from_host: ids of checks whose result is that of the host's own scan, because it depends on what is left out.
        parts: what follows, in this order.
    """

    format: str = FORMAT
    version: int = VERSION
    doctor: str
    taken: float
    host: HostInfo
    is_root: bool = True
    from_host: tuple[str, ...] = ()
    parts: tuple[Part, ...]


class _Head(Struct, frozen=True):
    """The fields that each version of the list has."""

    format: str
    version: int


class BundleFile(Struct, frozen=True):
    """A bundle that was read: its list, and its parts by name."""

    listed: BundleList
    contents: Mapping[str, memoryview]

    def part(self, name: str) -> Part | None:
        """Return the list's entry of a part, ``None`` without one."""
        return next((one for one in self.listed.parts if one.name == name), None)


def pack(listed: BundleList, contents: Mapping[str, bytes]) -> bytes:
    """Return a bundle with these parts, in the order of the list."""
    packer = zlib.compressobj(6, zlib.DEFLATED, _GZIP)
    pieces = [packer.compress(msgspec.json.encode(listed) + b"\n")]
    pieces += [packer.compress(contents[one.name]) for one in listed.parts]
    return b"".join((*pieces, packer.flush()))


def digest(content: bytes | memoryview) -> str:
    """Return the digest of a part."""
    return hashlib.sha256(content).hexdigest()


def read_file(path: str) -> BundleFile:
    """Read the bundle at ``path``, "-" for standard input. Raises ``UsageError`` for a file that is not a bundle."""
    if path == "-":
        raw, where = sys.stdin.buffer.read(LARGEST_FILE + 1), "standard input"
    else:
        raw, where = _content(path), os.path.abspath(path)
    return parse(raw, where)


def _content(path: str) -> bytes:
    try:
        # A FIFO without a writer must not block.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError as error:
        raise UsageError(f"can't read the bundle: {error.strerror}", where=os.path.abspath(path)) from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise _wrong("it is not a regular file", os.path.abspath(path), do="name a file, or - for standard input")
        with open(descriptor, "rb", closefd=False) as stream:
            return stream.read(LARGEST_FILE + 1)
    except OSError as error:
        raise DoctorError(f"can't read the bundle: {error.strerror}", where=os.path.abspath(path)) from error
    finally:
        os.close(descriptor)


def parse(raw: bytes, where: str) -> BundleFile:
    """Return the bundle in ``raw``; ``where`` names it. Raises ``UsageError``."""
    if len(raw) > LARGEST_FILE:
        raise _wrong(f"it is larger than {LARGEST_FILE >> 20} MiB", where)
    if not raw:
        raise _wrong("it is empty", where, do="see why nothing was written, then take another one with 'doctor bundle'")
    unpacker = zlib.decompressobj(_GZIP)
    try:
        begin = unpacker.decompress(raw, LARGEST_LIST)
        line, newline, rest = begin.partition(b"\n")
        if not newline:
            is_cut = not unpacker.eof and not unpacker.unconsumed_tail
            raise _wrong("it is truncated" if is_cut else "it has no list of its parts", where)
        listed = _listed(line, where)
        size = sum(one.bytes for one in listed.parts)
        if len(rest) < size:
            rest += unpacker.decompress(unpacker.unconsumed_tail, size - len(rest))
        # One byte more shows content beyond the list, and lets the checksum at the end be compared.
        is_longer = len(rest) > size or bool(unpacker.decompress(unpacker.unconsumed_tail, 1))
    except zlib.error as error:
        what = "it is corrupt" if raw[:2] == b"\x1f\x8b" else "it is not a bundle of doctor"
        raise _wrong(what, where) from error
    if is_longer or unpacker.unused_data:
        raise _wrong("it holds more than its list says", where)
    if not unpacker.eof or len(rest) < size:
        raise _wrong("it is truncated", where)
    return BundleFile(listed, _parts(listed, memoryview(rest), where))


def _listed(line: bytes, where: str) -> BundleList:
    try:
        head = msgspec.json.decode(line, type=_Head)
        if head.format != FORMAT:
            raise _wrong("it is not a bundle of doctor", where)
        if head.version != VERSION:
            raise UsageError(
                f"its form has version {head.version}, and this doctor reads version {VERSION}",
                where=where,
                do="use the doctor that took it, or a newer one",
            )
        listed = msgspec.json.decode(line, type=BundleList)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise _wrong(f"its list is invalid: {' '.join(str(error).split())[:200]}", where) from error
    problem = _problem(listed)
    if problem:
        raise _wrong(f"its list is invalid: {problem}", where)
    return listed


def _problem(listed: BundleList) -> str:
    """Return the problem of a list, for which nothing is unpacked; "" if it is valid."""
    texts = (listed.doctor, *(getattr(listed.host, name) for name in listed.host.__struct_fields__))
    if any(isinstance(text, str) and len(text) > LONGEST_NAME for text in texts):
        return f"a text about the host has more than {LONGEST_NAME} characters"
    if not 0 <= listed.taken <= _LAST_SECOND:
        return "its time does not exist"
    if len(listed.parts) > MOST_PARTS or len(listed.from_host) > MOST_PARTS:
        return f"it has more than {MOST_PARTS} parts"
    if len({one.name for one in listed.parts}) < len(listed.parts):
        return "two parts have the same name"
    if not all(_NAME.fullmatch(one.name) for one in listed.parts):
        return "a part has no valid name"
    if not all(0 <= one.bytes <= LARGEST_PART for one in listed.parts):
        return f"a part is larger than {LARGEST_PART >> 20} MiB"
    if sum(one.bytes for one in listed.parts) > LARGEST_WHOLE:
        return f"its parts are larger than {LARGEST_WHOLE >> 20} MiB"
    return ""


def _parts(listed: BundleList, rest: memoryview, where: str) -> dict[str, memoryview]:
    found, at = {}, 0
    for one in listed.parts:
        found[one.name] = rest[at : at + one.bytes]
        at += one.bytes
        if digest(found[one.name]) != one.sha256:
            raise _wrong(f"the digest of {one.name} differs from the list", where)
    return found


def _wrong(problem: str, where: str, *, do: str = _AGAIN) -> UsageError:
    return UsageError(f"can't read the bundle: {problem}", where=where, do=do)
