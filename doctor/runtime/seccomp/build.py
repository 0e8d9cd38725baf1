"""Compiles Docker's default seccomp profile to BPF, at build time: a launch only reads the finished blob.

The table `syscalls.tsv` lists what moby 26.1's profile allows to a container with the default capabilities, with each
call's number in the kernel's headers; every unlisted call fails with EPERM. It differs from moby's in three
points, all stricter: x32 and 32-bit Arm calls are refused, and only the low word of an argument the kernel truncates
is compared. `python -m doctor.runtime.seccomp.build` writes the blobs; a test compares them with the table.
"""

import os
import struct

ALLOW, EPERM, ENOSYS = 0x7FFF0000, 0x00050001, 0x00050026  # SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO | errno
_LOAD, _JEQ, _JGE, _JSET, _JA, _RET = 0x20, 0x15, 0x35, 0x45, 0x05, 0x06
_NUMBER, _ARCH, _ARG0 = 0, 4, 16  # offsets in struct seccomp_data; arguments are little-endian on both machines
_AUDIT = {"x86_64": 0xC000003E, "i386": 0x40000003, "aarch64": 0xC00000B7}
_AF_VSOCK = 40
# CLONE_NEWNS | NEWCGROUP | NEWUTS | NEWIPC | NEWUSER | NEWPID | NEWNET
_NAMESPACES = 0x7E020000
# PER_LINUX, PER_LINUX32, UNAME26, both, and the question "which one"
_PERSONALITIES = (0x0, 0x8, 0x20000, 0x20008, 0xFFFFFFFF)
BLOBS = {"x86_64": ("x86_64", "i386"), "aarch64": ("aarch64",)}

Instruction = tuple[int, int, int, int]


def table(text: str, abi: str) -> dict[int, str]:
    """Rule names by system call number, for one ABI's column of the table."""
    rows = [line.split("\t") for line in text.splitlines()]
    column = rows[0].index(abi)
    return {int(row[column]): row[1] for row in rows[1:] if row[column] != "-"}


def program(machine: str, text: str) -> bytes:
    """The filter for one machine, as an array of struct sock_filter."""
    code: list[Instruction] = [(_LOAD, 0, 0, _ARCH)]
    for abi in BLOBS[machine]:
        body = [(_LOAD, 0, 0, _NUMBER), *_search(_segments(table(text, abi)))]
        code += [(_JEQ, 1, 0, _AUDIT[abi]), (_JA, 0, 0, len(body)), *body]
    code.append((_RET, 0, 0, EPERM))
    return b"".join(struct.pack("<HBBI", *instruction) for instruction in code)


def _segments(rules: dict[int, str]) -> list[tuple[int, str]]:
    """(first number, rule) of each run of neighbours that share a rule, from 0 to the end of all numbers."""
    found = [(0, rules.get(0, "deny"))]
    for number in range(1, max(rules) + 2):
        rule = rules.get(number, "deny")
        if rule != found[-1][1]:
            found.append((number, rule))
    return found


def _search(segments: list[tuple[int, str]]) -> list[Instruction]:
    """A binary search; its leaves return, so every jump goes forward over the left half."""
    if len(segments) == 1:
        return _leaf(segments[0][1])
    middle = len(segments) // 2
    left, right = _search(segments[:middle]), _search(segments[middle:])
    first = segments[middle][0]
    if len(left) < 256:
        return [(_JGE, len(left), 0, first), *left, *right]
    return [(_JGE, 0, 1, first), (_JA, 0, 0, len(left)), *left, *right]


def _leaf(rule: str) -> list[Instruction]:
    match rule:
        case "allow":
            return [(_RET, 0, 0, ALLOW)]
        case "deny":
            return [(_RET, 0, 0, EPERM)]
        case "enosys":  # clone3 hides its flags in memory: ENOSYS makes the C library fall back to clone
            return [(_RET, 0, 0, ENOSYS)]
        case "no-namespaces":
            return _argument([(_JSET, 0, 1, _NAMESPACES)], EPERM, ALLOW)
        case "no-vsock":
            return _argument([(_JEQ, 0, 1, _AF_VSOCK)], EPERM, ALLOW)
        case "known-personality":
            last = len(_PERSONALITIES) - 1
            tests = [(_JEQ, last - i, 0 if i < last else 1, value) for i, value in enumerate(_PERSONALITIES)]
            return _argument(tests, ALLOW, EPERM)
    raise ValueError(f"unknown rule {rule!r} in the table of system calls")


def _argument(tests: list[Instruction], hit: int, miss: int) -> list[Instruction]:
    return [(_LOAD, 0, 0, _ARG0), *tests, (_RET, 0, 0, hit), (_RET, 0, 0, miss)]


def main() -> None:
    """Write the blobs beside the table."""
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "syscalls.tsv"), encoding="ascii") as source:
        text = source.read()
    for machine in BLOBS:
        with open(os.path.join(here, f"seccomp-{machine}.bpf"), "wb") as target:
            target.write(program(machine, text))


if __name__ == "__main__":
    main()
