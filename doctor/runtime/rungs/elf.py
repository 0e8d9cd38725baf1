"""A static program that prints one line and exits with a code, as the bytes of an ELF file.

It needs nothing of the host: no interpreter, no library. Its line holds a word of the caller, so its output proves that this
very program ran.
"""

import platform
import struct

CODE = 42
"""Its exit code."""
_BASE, _HEADERS = 0x400000, 64 + 56
_ET_EXEC, _PT_LOAD, _READ_EXECUTE = 2, 1, 5
_MACHINES = {"x86_64": 62, "aarch64": 183}


def machine() -> str:
    """The machine of this kernel: "x86_64", "aarch64", or another, for which there is no program."""
    return platform.machine()


def program(line: str, kind: str) -> bytes | None:
    """The ELF file for a machine that prints `line` to stdout; None for an unknown machine."""
    text = line.encode()
    code = {"x86_64": _x86_64, "aarch64": _aarch64}.get(kind)
    if code is None:
        return None
    content = code(text) + text
    size = _HEADERS + len(content)
    ident = b"\x7fELF" + bytes((2, 1, 1)) + bytes(9)
    header = struct.pack(
        "<HHIQQQIHHHHHH", _ET_EXEC, _MACHINES[kind], 1, _BASE + _HEADERS, 64, 0, 0, 64, 56, 1, 64, 0, 0
    )
    segment = struct.pack("<IIQQQQQQ", _PT_LOAD, _READ_EXECUTE, 0, _BASE, _BASE, size, size, 0x10000)
    return ident + header + segment + content


def _x86_64(text: bytes) -> bytes:
    """write(1, text, len); exit_group(CODE)."""
    after = struct.pack("<BI", 0xBA, len(text)) + b"\x0f\x05"  # mov edx, len; syscall
    after += struct.pack("<BI", 0xB8, 231) + struct.pack("<BI", 0xBF, CODE) + b"\x0f\x05"  # mov eax; mov edi; syscall
    before = struct.pack("<BI", 0xB8, 1) + struct.pack("<BI", 0xBF, 1)  # mov eax, write; mov edi, stdout
    return before + b"\x48\x8d\x35" + struct.pack("<i", len(after)) + after  # lea rsi, [rip + after]


def _aarch64(text: bytes) -> bytes:
    """write(1, text, len); exit_group(CODE)."""
    words = [_mov(0, 1), 0, _mov(2, len(text)), _mov(8, 64), _SVC, _mov(0, CODE), _mov(8, 94), _SVC]
    distance = (len(words) - 1) * 4
    words[1] = 0x10000001 | (distance & 3) << 29 | (distance >> 2) << 5  # adr x1, text
    return struct.pack(f"<{len(words)}I", *words)


_SVC = 0xD4000001


def _mov(register: int, value: int) -> int:
    """Movz of a 64-bit register."""
    return 0xD2800000 | value << 5 | register
