"""Compiles a bundle's `linux.seccomp` for the kernel: an array of struct sock_filter, as `seccomp` makes at build time.

Unsupported fields are refused by name. It is stricter than libseccomp, which other runtimes use: a call of an
architecture that is not listed ends the process, one by x32's numbers fails with ENOSYS, and where a profile denies a
part of what 32-bit x86 puts into `socketcall` or `ipc`, the whole call is denied.
"""

from doctor.runtime import kernel
from doctor.runtime.part import Part
from doctor.runtime.system import content
from doctor.runtime.values import TYPE_CHECKING, Failure, reason

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet

    Comparison = Callable[[int, int, int, int, "list[Instruction]"], "list[Instruction]"]

Instruction = tuple[int, int, int, int]
Test = tuple[str, int, int, int]  # operator, argument, value, second value
_Rule = tuple[int, tuple[tuple[Test, ...], ...]]  # action, and the alternatives of tests; none: it always holds

_LOAD, _JEQ, _JGT, _JGE, _AND, _JA, _RET = 0x20, 0x15, 0x25, 0x35, 0x54, 0x05, 0x06
_NUMBER, _ARCH, _ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data
_ALLOW, _LOG, _ERRNO, _KILL_PROCESS, _ENOSYS = 0x7FFF0000, 0x7FFC0000, 0x00050000, 0x80000000, 38
_ACTIONS = {
    "SCMP_ACT_KILL": 0,
    "SCMP_ACT_KILL_THREAD": 0,
    "SCMP_ACT_KILL_PROCESS": _KILL_PROCESS,
    "SCMP_ACT_TRAP": 0x00030000,
    "SCMP_ACT_ERRNO": _ERRNO,
    "SCMP_ACT_ALLOW": _ALLOW,
    "SCMP_ACT_LOG": _LOG,
}
_PERMISSIVE = (_ALLOW, _LOG)
_FLAGS = {"SECCOMP_FILTER_FLAG_TSYNC": 0, "SECCOMP_FILTER_FLAG_LOG": 2, "SECCOMP_FILTER_FLAG_SPEC_ALLOW": 4}
_AUDIT = {"x86_64": 0xC000003E, "i386": 0x40000003, "aarch64": 0xC00000B7}
_ARCHITECTURES = {"SCMP_ARCH_X86_64": "x86_64", "SCMP_ARCH_X86": "i386", "SCMP_ARCH_AARCH64": "aarch64"}
# Of another machine, or refused on this one: no action needed.
_ELSEWHERE = frozenset(
    f"SCMP_ARCH_{name}"
    for name in (
        "X32",
        "ARM",
        "LOONGARCH64",
        "M68K",
        "MIPS",
        "MIPS64",
        "MIPS64N32",
        "MIPSEL",
        "MIPSEL64",
        "MIPSEL64N32",
        "PPC",
        "PPC64",
        "PPC64LE",
        "S390",
        "S390X",
        "SH",
        "SHEB",
        "PARISC",
        "PARISC64",
        "RISCV64",
    )
)
_FOR_MACHINE = {"x86_64": ("x86_64", "i386"), "aarch64": ("aarch64",)}
_X32_BIT = 0x40000000
_MOST_INSTRUCTIONS = 4096  # BPF_MAXINSNS
_MULTIPLEXED = {
    "socketcall": (
        "socket bind connect listen accept accept4 getsockname getpeername socketpair send sendto recv recvfrom shutdown "
        "setsockopt getsockopt sendmsg recvmsg sendmmsg recvmmsg"
    ),
    "ipc": "semop semget semctl semtimedop msgsnd msgrcv msgget msgctl shmat shmdt shmget shmctl",
}


def compiled(part: Part) -> tuple[bytes, int]:
    """The program for a seccomp object, and the flags to load it with. Raises Failure (2)."""
    default = _action(part, "defaultAction", part.text("defaultAction"), part.number("defaultErrnoRet", 0, 4095))
    part.refuse("listenerPath", "listenerMetadata", why="this runtime's containers have no listener")
    flags = 0
    for name in part.texts("flags"):
        if name not in _FLAGS:
            raise part.wrong("flags", f"'{name}' is not supported")
        flags |= _FLAGS[name]
    abis = _abis(part)
    numbers = _numbers(abis)
    rules = _rules(part, default, numbers[abis[0]].keys() if len(abis) == 1 else set().union(*numbers.values()))
    part.end()
    program = _program({abi: _by_number(rules, numbers[abi], default, abi) for abi in abis}, default)
    if len(program) > _MOST_INSTRUCTIONS:
        raise part.wrong(
            "syscalls", f"the filter has {len(program)} instructions, the kernel takes {_MOST_INSTRUCTIONS}"
        )
    code = [op | yes << 16 | no << 24 | value << 32 for op, yes, no, value in program]
    return b"".join(number.to_bytes(8, "little") for number in code), flags


def _action(part: Part, field: str, name: str | None, errno: int | None) -> int:
    if name is None or name not in _ACTIONS:
        raise part.wrong(field, "is missing" if name is None else f"'{name}' is not supported")
    if errno is not None and name != "SCMP_ACT_ERRNO":
        raise part.wrong(field, f"an errno goes with SCMP_ACT_ERRNO, not with {name}")
    return _ERRNO | (1 if errno is None else errno) if name == "SCMP_ACT_ERRNO" else _ACTIONS[name]


def _abis(part: Part) -> list[str]:
    """The native one first, as libseccomp, whether it is listed or not."""
    able = _FOR_MACHINE.get(kernel.MACHINE)
    if able is None:
        raise Failure(f"this runtime has no table of the system calls of {kernel.MACHINE}")
    found = [able[0]]
    for name in part.texts("architectures"):
        abi = _ARCHITECTURES.get(name)
        if abi is None and name not in _ELSEWHERE:
            raise part.wrong("architectures", f"'{name}' is not known")
        if abi in able and abi not in found:
            found.append(str(abi))
    return found


def _numbers(abis: list[str]) -> dict[str, dict[str, int]]:
    """System calls by name. `syscall-names.txt` has a line for each ABI: its name, then those of 0, 1, …, "-" for none."""
    path = f"{__file__.rpartition('/')[0]}/syscall-names.txt"
    try:
        lines = content(path).decode().splitlines()
    except OSError as error:
        raise Failure(f"no table of system calls: {reason(error)}") from None
    found = {}
    for line in lines:
        abi, *names = line.split(" ")
        if abi in abis:
            found[abi] = dict(zip(names, range(len(names)), strict=True))
            found[abi].pop("-", None)
    return found


def _rules(part: Part, default: int, known: "AbstractSet[str]") -> dict[str, _Rule]:
    """Each system call's rule, by its name. Rules that only repeat the default are omitted, as in other runtimes."""
    found: dict[str, _Rule] = {}
    for rule in part.parts("syscalls"):
        names = rule.texts("names")
        action = _action(rule, "action", rule.text("action"), rule.number("errnoRet", 0, 4095))
        tests = _tests(rule)
        rule.end()
        if not names:
            raise rule.wrong("names", "at least one is needed")
        if action == default:
            continue
        unknown = [] if action in _PERMISSIVE else [name for name in names if name not in known]
        if unknown:
            # An unknown call can't be allowed, which is safe; that it can't be denied is not safe.
            raise rule.wrong("names", f"no system call '{unknown[0]}' is known, so it can't be denied")
        twice = [name for name in names if name in found]
        for name in twice:
            before = found[name]
            if before[0] != action:
                raise rule.wrong("names", f"'{name}' has two rules with different actions")
            found[name] = (action, (*before[1], *tests) if before[1] and tests else ())
        found = dict.fromkeys(names, (action, tests)) | found
    return found


def _tests(rule: Part) -> tuple[tuple[Test, ...], ...]:
    """Alternatives of a rule's arguments: all hold together, but several of one argument are alternatives (libseccomp)."""
    found = []
    for given in rule.parts("args"):
        index = given.number("index", 0, 5)
        value, second = given.number("value", 0, 2**64 - 1), given.number("valueTwo", 0, 2**64 - 1)
        operator = given.text("op")
        given.end()
        if operator is None or operator.removeprefix("SCMP_CMP_") not in _COMPARISONS:
            raise given.wrong("op", f"'{operator}' is not known")
        if index is None or value is None:
            raise given.wrong("index" if index is None else "value", "is missing")
        found.append((operator.removeprefix("SCMP_CMP_"), index, value, second or 0))
    if len({test[1] for test in found}) < len(found):
        return tuple((test,) for test in found)
    return (tuple(found),) if found else ()


def _by_number(rules: dict[str, _Rule], numbers: dict[str, int], default: int, abi: str) -> dict[int, _Rule]:
    found = {numbers[name]: rule for name, rule in rules.items() if name in numbers}
    if abi == "i386" and default in _PERMISSIVE:
        for whole, parts in _MULTIPLEXED.items():
            for name in parts.split():
                if name in rules:
                    found[numbers[whole]] = (rules[name][0], ())
    return found


def _program(tables: dict[str, dict[int, _Rule]], default: int) -> list[Instruction]:
    code: list[Instruction] = [(_LOAD, 0, 0, _ARCH)]
    for abi, table in tables.items():
        body: list[Instruction] = [(_LOAD, 0, 0, _NUMBER)]
        if abi == "x86_64":
            body += [(_JGE, 0, 1, _X32_BIT), (_RET, 0, 0, _ERRNO | _ENOSYS)]
        body += _search(_segments(table, default), default)
        code += [(_JEQ, 1, 0, _AUDIT[abi]), (_JA, 0, 0, len(body)), *body]
    code.append((_RET, 0, 0, _KILL_PROCESS))
    return code


def _segments(table: dict[int, _Rule], default: int) -> list[tuple[int, _Rule]]:
    """(first number, rule) of each run of neighbours that share a rule, from 0 to the end of all numbers."""
    usual: _Rule = (default, ())
    found = [(0, usual)]
    following = 0
    for number in sorted(table):
        if number > following and found[-1][1] != usual:
            found.append((following, usual))
        if table[number] != found[-1][1]:
            found.append((number, table[number]))
        following = number + 1
    found.append((following, usual))
    return found


def _search(segments: list[tuple[int, _Rule]], default: int) -> list[Instruction]:
    """A binary search; its leaves return, so every jump goes forward over the left half."""
    if len(segments) == 1:
        return _leaf(segments[0][1], default)
    middle = len(segments) // 2
    left, right = _search(segments[:middle], default), _search(segments[middle:], default)
    first = segments[middle][0]
    if len(left) < 256:
        return [(_JGE, len(left), 0, first), *left, *right]
    return [(_JGE, 0, 1, first), (_JA, 0, 0, len(left)), *left, *right]


def _leaf(rule: _Rule, default: int) -> list[Instruction]:
    action, alternatives = rule
    if not alternatives:
        return [(_RET, 0, 0, action)]
    code: list[Instruction] = []
    for tests in alternatives:
        body: list[Instruction] = [(_RET, 0, 0, action)]
        for test in reversed(tests):
            body = _compared(test, body)
        code += body
    return [*code, (_RET, 0, 0, default)]


def _compared(test: Test, body: list[Instruction]) -> list[Instruction]:
    """`body`, entered if the test holds and jumped over if not. Both words of an argument are compared."""
    operator, index, value, second = test
    low, high = _ARGUMENTS + index * 8, _ARGUMENTS + index * 8 + 4
    return _COMPARISONS[operator](low, high, value, second, body)


def _halves(value: int) -> tuple[int, int]:
    return value & 0xFFFFFFFF, value >> 32


def _over(body: list[Instruction]) -> Instruction:
    return (_JA, 0, 0, len(body))


def _equal(low: int, high: int, value: int, _second: int, body: list[Instruction]) -> list[Instruction]:
    first, last = _halves(value)
    skip = _over(body)
    return [
        *((_LOAD, 0, 0, high), (_JEQ, 1, 0, last), (_JA, 0, 0, 3 + len(body))),
        *((_LOAD, 0, 0, low), (_JEQ, 1, 0, first), skip),
        *body,
    ]


def _different(low: int, high: int, value: int, _second: int, body: list[Instruction]) -> list[Instruction]:
    first, last = _halves(value)
    return [
        *((_LOAD, 0, 0, high), (_JEQ, 0, 3, last)),
        *((_LOAD, 0, 0, low), (_JEQ, 0, 1, first), _over(body)),
        *body,
    ]


def _masked(low: int, high: int, value: int, second: int, body: list[Instruction]) -> list[Instruction]:
    (mask, mask_high), (first, last) = _halves(value), _halves(second)
    return [
        *((_LOAD, 0, 0, high), (_AND, 0, 0, mask_high), (_JEQ, 1, 0, last), (_JA, 0, 0, 4 + len(body))),
        *((_LOAD, 0, 0, low), (_AND, 0, 0, mask), (_JEQ, 1, 0, first), _over(body)),
        *body,
    ]


def _beyond(jump: int) -> "Comparison":
    def made(low: int, high: int, value: int, _second: int, body: list[Instruction]) -> list[Instruction]:
        first, last = _halves(value)
        # high > last: holds; high != last: fails; else the low words decide
        return [
            *((_LOAD, 0, 0, high), (_JGT, 4, 0, last), (_JEQ, 0, 2, last)),
            *((_LOAD, 0, 0, low), (jump, 1, 0, first), _over(body)),
            *body,
        ]

    return made


def _below(jump: int) -> "Comparison":
    def made(low: int, high: int, value: int, _second: int, body: list[Instruction]) -> list[Instruction]:
        first, last = _halves(value)
        return [
            *((_LOAD, 0, 0, high), (_JGT, 3, 0, last), (_JEQ, 0, 3, last)),
            *((_LOAD, 0, 0, low), (jump, 0, 1, first), _over(body)),
            *body,
        ]

    return made


_COMPARISONS: "dict[str, Comparison]" = {
    "EQ": _equal,
    "NE": _different,
    "MASKED_EQ": _masked,
    "GT": _beyond(_JGT),
    "GE": _beyond(_JGE),
    "LT": _below(_JGE),  # not: greater or equal
    "LE": _below(_JGT),
}
