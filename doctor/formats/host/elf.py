"""Reads the header of an ELF file: its machine, its extent, its interpreter and its libraries.

Sources: elf(5); gabi chapters 4 and 5.
"""

import struct

from msgspec import Struct

MAGIC = b"\x7fELF"
HEADER_BYTES = 64
_MACHINES = {
    3: "i386",
    8: "mips",
    20: "ppc",
    21: "ppc64",
    22: "s390x",
    40: "arm",
    62: "x86-64",
    183: "aarch64",
    243: "riscv",
    258: "loongarch",
}
_FAMILIES = ({"i386", "x86-64"}, {"arm", "aarch64"})
_LOAD, _DYNAMIC, _INTERPRETER = 1, 2, 3
_NEEDED, _STRINGS, _RPATH, _RUNPATH = 1, 5, 15, 29
_MOST = 4096


class ElfError(ValueError):
    """This parser does not know the file's form."""


class Span(Struct, frozen=True):
    """A part of the file."""

    offset: int
    size: int


class Segment(Struct, frozen=True, kw_only=True):
    """A segment: its type, its part of the file and its address in memory."""

    kind: int
    span: Span
    address: int


class ElfHeader(Struct, frozen=True, kw_only=True):
    """The header of a file.

    Attributes:
        machine: "x86-64", or "machine 77" for one that has no name here.
        is_64: whether words have 64 bits.
        order: the byte order, as ``struct`` names it.
        segments: the table of segments; ``sections`` the table of sections, (0, 0) without one.
        entry_size: bytes of an entry of the table of segments.
    """

    machine: str
    is_64: bool
    order: str
    segments: Span
    sections: Span
    entry_size: int

    @property
    def extent(self) -> int:
        """Return the least size of a file with these tables."""
        return max(HEADER_BYTES, *(span.offset + span.size for span in (self.segments, self.sections)))


def header(content: bytes) -> ElfHeader:
    """Parse the first 64 bytes of a file. Raises ``ElfError``."""
    if (
        len(content) < HEADER_BYTES
        or not content.startswith(MAGIC)
        or content[4] not in {1, 2}
        or content[5] not in {1, 2}
    ):
        raise ElfError("no complete ELF header")
    is_64, order = content[4] == 2, "<" if content[5] == 1 else ">"
    number = struct.unpack_from(f"{order}H", content, 18)[0]
    if is_64:
        first, sections = struct.unpack_from(f"{order}QQ", content, 32)
        size, count, section_size, section_count = struct.unpack_from(f"{order}HHHH", content, 54)
    else:
        first, sections = struct.unpack_from(f"{order}II", content, 28)
        size, count, section_size, section_count = struct.unpack_from(f"{order}HHHH", content, 42)
    return ElfHeader(
        machine=_MACHINES.get(number, f"machine {number}"),
        is_64=is_64,
        order=order,
        segments=Span(first, size * count),
        sections=Span(sections, section_size * section_count) if sections else Span(0, 0),
        entry_size=size,
    )


def segments(of: ElfHeader, content: bytes) -> tuple[Segment, ...]:
    """Parse the table of segments. Raises ``ElfError``."""
    least = 56 if of.is_64 else 32
    if of.entry_size < least or len(content) < of.segments.size:
        raise ElfError("no complete table of segments")
    found = []
    for start in range(0, of.segments.size, of.entry_size):
        if of.is_64:
            kind, _, offset, address, _, size = struct.unpack_from(f"{of.order}IIQQQQ", content, start)
        else:
            kind, offset, address, _, size = struct.unpack_from(f"{of.order}IIIII", content, start)
        found.append(Segment(kind=kind, span=Span(offset, size), address=address))
    return tuple(found)


def interpreter(table: tuple[Segment, ...]) -> Span | None:
    """Return where the path of the interpreter is, ``None`` for a static program."""
    return next((one.span for one in table if one.kind == _INTERPRETER), None)


def dynamic(table: tuple[Segment, ...]) -> Span | None:
    """Return where the list for the dynamic linker is, ``None`` for a static program."""
    return next((one.span for one in table if one.kind == _DYNAMIC), None)


class Needs(Struct, frozen=True, kw_only=True):
    """The libraries of a program, as offsets of their names in its strings; ``has_path`` if it names directories itself."""

    names: tuple[int, ...]
    strings: int
    has_path: bool


def needs(of: ElfHeader, table: tuple[Segment, ...], content: bytes) -> Needs:
    """Parse the list for the dynamic linker; ``strings`` is the place in the file, -1 if no segment has it."""
    entry = f"{of.order}{'qQ' if of.is_64 else 'iI'}"
    size = struct.calcsize(entry)
    names, strings, has_path = [], -1, False
    for start in range(0, min(len(content), _MOST * size) - size + 1, size):
        tag, value = struct.unpack_from(entry, content, start)
        if tag == 0:
            break
        if tag == _NEEDED:
            names.append(value)
        elif tag == _STRINGS:
            strings = _offset(table, value)
        has_path = has_path or tag in {_RPATH, _RUNPATH}
    return Needs(names=tuple(names), strings=strings, has_path=has_path)


def runs_on(program: str, userland: str) -> bool:
    """Whether a kernel with programs of one machine may run those of another.

    >>> runs_on("i386", "x86-64"), runs_on("aarch64", "x86-64")
    (True, False)
    """
    return program == userland or any({program, userland} <= family for family in _FAMILIES)


def _offset(table: tuple[Segment, ...], address: int) -> int:
    for one in table:
        if one.kind == _LOAD and one.address <= address < one.address + one.span.size:
            return one.span.offset + address - one.address
    return -1
