"""The head of an executable file: what the kernel needs to run it. Never raises."""

from typing import Literal

from msgspec import Struct

MACHINES = {
    3: "386", 8: "mips", 21: "ppc64le", 22: "s390x", 40: "arm", 62: "amd64", 183: "arm64", 243: "riscv64", 258: "loong64",
}  # fmt: skip
"""e_machine of an ELF header → the name of images' platforms (elf.h; Go's GOARCH)."""
_ALSO = {"amd64": {"386"}, "arm64": {"arm"}, "ppc64le": {"ppc64"}}
HEAD = 4096


class ProgramHead(Struct, frozen=True, kw_only=True):
    """A file's head.

    Attributes:
        kind: ``elf``, ``script``, ``empty`` or ``other``.
        machine: of an ELF file; a number in words if its name is unknown.
        interpreter: of a script the program of its first line, as written; of an ELF file its dynamic linker; "" for none.
        has_mark: whether a byte order mark is before ``#!``.
    """

    kind: str
    machine: str = ""
    interpreter: str = ""
    has_mark: bool = False


def runs_on(program: str, host: str) -> bool:
    """Whether a host of an architecture may run the programs of another without help.

    >>> runs_on("386", "amd64"), runs_on("arm64", "amd64")
    (True, False)
    """
    return program == host or program in _ALSO.get(host, ())


def parse(head: bytes) -> ProgramHead:
    r"""Return what the first bytes of a file show.

    >>> parse(b"#!/bin/sh\r\necho").interpreter, parse(b"\x7fELF\2\1\1" + bytes(9) + b"\2\0\xb7\0").machine
    ('/bin/sh\r', 'arm64')
    """
    if not head:
        return ProgramHead(kind="empty")
    if head.startswith(b"\x7fELF"):
        return _elf(head)
    mark = head.startswith(b"\xef\xbb\xbf#!")
    if head.startswith(b"#!") or mark:
        line = head.partition(b"#!")[2].partition(b"\n")[0].strip(b" \t")
        word = line.replace(b"\t", b" ").partition(b" ")[0]
        return ProgramHead(kind="script", interpreter=word.decode("utf-8", "replace")[:256], has_mark=mark)
    return ProgramHead(kind="other")


def _elf(head: bytes) -> ProgramHead:
    order: Literal["big", "little"] = "big" if head[5:6] == b"\2" else "little"

    def number(at: int, size: int) -> int:
        return int.from_bytes(head[at : at + size], order)

    machine = MACHINES.get(number(18, 2), f"machine {number(18, 2)}")
    if machine == "ppc64le" and order == "big":
        machine = "ppc64"
    is_64 = head[4:5] == b"\2"
    table, size, count = (
        (number(32, 8), number(54, 2), number(56, 2)) if is_64 else (number(28, 4), number(42, 2), number(44, 2))
    )
    for one in range(min(count, 64)):
        at = table + one * size
        # PT_INTERP: the path of the dynamic linker is a string in the file.
        if at + 40 <= len(head) and number(at, 4) == 3:
            start = number(at + 8, 8) if is_64 else number(at + 4, 4)
            path = head[start : start + 256].partition(b"\0")[0]
            return ProgramHead(kind="elf", machine=machine, interpreter=path.decode("utf-8", "replace"))
    return ProgramHead(kind="elf", machine=machine)
