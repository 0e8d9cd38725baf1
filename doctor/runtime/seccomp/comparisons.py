"""Compares the 64-bit arguments of a system call with classic BPF, which loads and compares 32-bit words."""

from doctor.runtime.base.frozen import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    Comparison = Callable[[int, int, int, int, "list[Instruction]"], "list[Instruction]"]

Instruction = tuple[int, int, int, int]  # operation, jump if true, jump if false, value
Test = tuple[str, int, int, int]  # operator, argument, value, second value

LOAD, JEQ, JGT, JGE, AND, JA = 0x20, 0x15, 0x25, 0x35, 0x54, 0x05
_ARGUMENTS = 16  # offset in struct seccomp_data


def compared(test: Test, body: list[Instruction]) -> list[Instruction]:
    """`body`, entered if the test holds and jumped over if not. Both words of an argument are compared."""
    operator, index, value, second = test
    low, high = _ARGUMENTS + index * 8, _ARGUMENTS + index * 8 + 4
    return COMPARISONS[operator](low, high, value, second, body)


def _halves(value: int) -> tuple[int, int]:
    return value & 0xFFFFFFFF, value >> 32


def _over(body: list[Instruction]) -> Instruction:
    return (JA, 0, 0, len(body))


def _equal(low: int, high: int, value: int, _second: int, body: list[Instruction]) -> list[Instruction]:
    first, last = _halves(value)
    skip = _over(body)
    return [
        *((LOAD, 0, 0, high), (JEQ, 1, 0, last), (JA, 0, 0, 3 + len(body))),
        *((LOAD, 0, 0, low), (JEQ, 1, 0, first), skip),
        *body,
    ]


def _different(low: int, high: int, value: int, _second: int, body: list[Instruction]) -> list[Instruction]:
    first, last = _halves(value)
    return [
        *((LOAD, 0, 0, high), (JEQ, 0, 3, last)),
        *((LOAD, 0, 0, low), (JEQ, 0, 1, first), _over(body)),
        *body,
    ]


def _masked(low: int, high: int, value: int, second: int, body: list[Instruction]) -> list[Instruction]:
    (mask, mask_high), (first, last) = _halves(value), _halves(second)
    return [
        *((LOAD, 0, 0, high), (AND, 0, 0, mask_high), (JEQ, 1, 0, last), (JA, 0, 0, 4 + len(body))),
        *((LOAD, 0, 0, low), (AND, 0, 0, mask), (JEQ, 1, 0, first), _over(body)),
        *body,
    ]


def _beyond(jump: int) -> "Comparison":
    def made(low: int, high: int, value: int, _second: int, body: list[Instruction]) -> list[Instruction]:
        first, last = _halves(value)
        # high > last: holds; high != last: fails; else the low words decide
        return [
            *((LOAD, 0, 0, high), (JGT, 4, 0, last), (JEQ, 0, 2, last)),
            *((LOAD, 0, 0, low), (jump, 1, 0, first), _over(body)),
            *body,
        ]

    return made


def _below(jump: int) -> "Comparison":
    def made(low: int, high: int, value: int, _second: int, body: list[Instruction]) -> list[Instruction]:
        first, last = _halves(value)
        return [
            *((LOAD, 0, 0, high), (JGT, 3, 0, last), (JEQ, 0, 3, last)),
            *((LOAD, 0, 0, low), (jump, 0, 1, first), _over(body)),
            *body,
        ]

    return made


COMPARISONS: "dict[str, Comparison]" = {
    "EQ": _equal,
    "NE": _different,
    "MASKED_EQ": _masked,
    "GT": _beyond(JGT),
    "GE": _beyond(JGE),
    "LT": _below(JGE),  # not: greater or equal
    "LE": _below(JGT),
}
