"""Compiles a bundle's `linux.seccomp` for the kernel: an array of struct sock_filter, as `build` makes for the default.

Unsupported fields are refused by name. It is stricter than libseccomp, which other runtimes use: a call of an
architecture that is not listed ends the process, one by x32's numbers fails with ENOSYS, and where a profile denies a
part of what 32-bit x86 puts into `socketcall` or `ipc`, the whole call is denied.
"""

from doctor import own_file
from doctor.runtime.base import kernel
from doctor.runtime.base.frozen import TYPE_CHECKING, LaunchError, reason
from doctor.runtime.bundle.part import ConfigPart
from doctor.runtime.seccomp.comparisons import COMPARISONS, JA, JEQ, JGE, LOAD, Instruction, Test, compared

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

_Rule = tuple[int, tuple[tuple[Test, ...], ...]]  # action, and the alternatives of tests; none: it always holds

_NUMBER, _ARCH, _RET = 0, 4, 0x06  # offsets in struct seccomp_data, and the operation that decides
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
_NO_CALL = "-"  # in syscall-names.txt, for a number without a system call
_MOST_INSTRUCTIONS = 4096  # BPF_MAXINSNS
_MULTIPLEXED = {
    "socketcall": (
        "socket bind connect listen accept accept4 getsockname getpeername socketpair send sendto recv recvfrom shutdown "
        "setsockopt getsockopt sendmsg recvmsg sendmmsg recvmmsg"
    ),
    "ipc": "semop semget semctl semtimedop msgsnd msgrcv msgget msgctl shmat shmdt shmget shmctl",
}


def compiled(part: ConfigPart) -> tuple[bytes, int]:
    """The program for a seccomp object, and the flags to load it with. Raises LaunchError (2)."""
    default = _action(part, "defaultAction", part.text("defaultAction"), part.number("defaultErrnoRet", 0, 4095))
    part.refuse("listenerPath", "listenerMetadata", why="this runtime's containers have no listener")
    flags = 0
    for name in part.texts("flags"):
        if name not in _FLAGS:
            raise part.wrong("flags", f"'{name}' is not supported")
        flags |= _FLAGS[name]
    calls = _calls(_abis(part))
    rules = _rules(part, default, set().union(*calls.values()) - {_NO_CALL})
    part.end()
    program = _program(calls, rules, default)
    if len(program) > _MOST_INSTRUCTIONS:
        raise part.wrong(
            "syscalls", f"the filter has {len(program)} instructions, the kernel takes {_MOST_INSTRUCTIONS}"
        )
    code = [op | yes << 16 | no << 24 | value << 32 for op, yes, no, value in program]
    return b"".join(number.to_bytes(8, "little") for number in code), flags


def _action(part: ConfigPart, field: str, name: str | None, errno: int | None) -> int:
    if name is None or name not in _ACTIONS:
        raise part.wrong(field, "is missing" if name is None else f"'{name}' is not supported")
    if errno is not None and name != "SCMP_ACT_ERRNO":
        raise part.wrong(field, f"an errno goes with SCMP_ACT_ERRNO, not with {name}")
    return _ERRNO | (1 if errno is None else errno) if name == "SCMP_ACT_ERRNO" else _ACTIONS[name]


def _abis(part: ConfigPart) -> list[str]:
    """The native one first, as libseccomp, whether it is listed or not."""
    able = _FOR_MACHINE.get(kernel.MACHINE)
    if able is None:
        raise LaunchError(f"this runtime has no table of the system calls of {kernel.MACHINE}")
    found = [able[0]]
    for name in part.texts("architectures"):
        abi = _ARCHITECTURES.get(name)
        if abi is None and name not in _ELSEWHERE:
            raise part.wrong("architectures", f"'{name}' is not known")
        if abi in able and abi not in found:
            found.append(str(abi))
    return found


def _calls(abis: list[str]) -> dict[str, list[str]]:
    """The names of each ABI's system calls 0, 1, …, from the file that has a line for each ABI."""
    path = f"{__file__.rpartition('/')[0]}/syscall-names.txt"
    try:
        lines = own_file(path).decode().splitlines()
    except OSError as error:
        raise LaunchError(f"no table of system calls: {reason(error)}") from None
    found = {}
    for line in lines:
        abi, _, names = line.partition(" ")
        found[abi] = names
    return {abi: found[abi].split(" ") for abi in abis}


def _rules(part: ConfigPart, default: int, known: "AbstractSet[str]") -> dict[str, _Rule]:
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
    found.pop(_NO_CALL, None)
    return found


def _tests(rule: ConfigPart) -> tuple[tuple[Test, ...], ...]:
    """Alternatives of a rule's arguments: all hold together, but several of one argument are alternatives (libseccomp)."""
    found = []
    for given in rule.parts("args"):
        index = given.number("index", 0, 5)
        value, second = given.number("value", 0, 2**64 - 1), given.number("valueTwo", 0, 2**64 - 1)
        operator = given.text("op")
        given.end()
        if operator is None or operator.removeprefix("SCMP_CMP_") not in COMPARISONS:
            raise given.wrong("op", f"'{operator}' is not known")
        if index is None or value is None:
            raise given.wrong("index" if index is None else "value", "is missing")
        found.append((operator.removeprefix("SCMP_CMP_"), index, value, second or 0))
    if len({test[1] for test in found}) < len(found):
        return tuple((test,) for test in found)
    return (tuple(found),) if found else ()


def _program(calls: dict[str, list[str]], rules: dict[str, _Rule], default: int) -> list[Instruction]:
    code: list[Instruction] = [(LOAD, 0, 0, _ARCH)]
    for abi, names in calls.items():
        body: list[Instruction] = [(LOAD, 0, 0, _NUMBER)]
        if abi == "x86_64":
            body += [(JGE, 0, 1, _X32_BIT), (_RET, 0, 0, _ERRNO | _ENOSYS)]
        own = rules | _multiplexed(rules) if abi == "i386" and default in _PERMISSIVE else rules
        body += _search(_segments(names, own, default), default)
        code += [(JEQ, 1, 0, _AUDIT[abi]), (JA, 0, 0, len(body)), *body]
    code.append((_RET, 0, 0, _KILL_PROCESS))
    return code


def _multiplexed(rules: dict[str, _Rule]) -> dict[str, _Rule]:
    """Rules of the calls that stand for others: the rule of one of them holds for the whole call."""
    return {
        whole: (rules[name][0], ()) for whole, parts in _MULTIPLEXED.items() for name in parts.split() if name in rules
    }


def _segments(names: list[str], rules: dict[str, _Rule], default: int) -> list[tuple[int, _Rule]]:
    """(first number, rule) of each run of neighbours that share a rule, from 0 to the end of all numbers."""
    usual: _Rule = (default, ())
    found = [(0, usual)]
    for number, name in enumerate([*names, _NO_CALL]):
        rule = rules.get(name, usual)
        if rule != found[-1][1]:
            found.append((number, rule))
    return found


def _search(segments: list[tuple[int, _Rule]], default: int) -> list[Instruction]:
    """A binary search; its leaves return, so every jump goes forward over the left half."""
    if len(segments) == 1:
        return _leaf(segments[0][1], default)
    middle = len(segments) // 2
    left, right = _search(segments[:middle], default), _search(segments[middle:], default)
    first = segments[middle][0]
    if len(left) < 256:
        return [(JGE, len(left), 0, first), *left, *right]
    return [(JGE, 0, 1, first), (JA, 0, 0, len(left)), *left, *right]


def _leaf(rule: _Rule, default: int) -> list[Instruction]:
    action, alternatives = rule
    if not alternatives:
        return [(_RET, 0, 0, action)]
    code: list[Instruction] = []
    for tests in alternatives:
        body: list[Instruction] = [(_RET, 0, 0, action)]
        for test in reversed(tests):
            body = compared(test, body)
        code += body
    return [*code, (_RET, 0, 0, default)]
