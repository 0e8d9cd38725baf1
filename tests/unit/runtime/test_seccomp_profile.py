"""A bundle's seccomp object, compiled, decides as its rules say, for every number and argument."""

import struct
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doctor.runtime.base import kernel
from doctor.runtime.bundle.part import ConfigPart
from doctor.runtime.seccomp import profile
from doctor.runtime.seccomp.build import EPERM, table

ARCH = {"x86_64": 0xC000003E, "i386": 0x40000003, "aarch64": 0xC00000B7}
ALLOW, KILL = 0x7FFF0000, 0x80000000
WORDS = st.one_of(
    st.integers(0, 2**64 - 1),
    st.sampled_from([0, 1, 2**32 - 1, 2**32, 2**32 + 1, 2**63, 2**64 - 1]),
    st.integers(0, 40),
)
OPERATORS = {
    "EQ": lambda a, v, _: a == v,
    "NE": lambda a, v, _: a != v,
    "LT": lambda a, v, _: a < v,
    "LE": lambda a, v, _: a <= v,
    "GT": lambda a, v, _: a > v,
    "GE": lambda a, v, _: a >= v,
    "MASKED_EQ": lambda a, v, w: a & v == w,
}


def decide(blob: bytes, arch: int, number: int, arguments: tuple[int, ...] = ()) -> int:
    """A small interpreter of the classic BPF that the kernel runs, for what these filters use."""
    data = struct.pack("<IIQ6Q", number, arch, 0, *arguments, *[0] * (6 - len(arguments)))
    place, accumulator = 0, 0
    while True:
        code, yes, no, k = struct.unpack_from("<HBBI", blob, place * 8)
        place += 1
        match code:
            case 0x20:
                accumulator = struct.unpack_from("<I", data, k)[0]
            case 0x54:
                accumulator &= k
            case 0x06:
                return int(k)
            case 0x05:
                place += k
            case 0x15 | 0x25 | 0x35:
                place += yes if {0x15: accumulator == k, 0x25: accumulator > k, 0x35: accumulator >= k}[code] else no
            case _:
                raise AssertionError(f"unexpected instruction {code:#x}")


def compiled(given: dict[str, Any]) -> bytes:
    return profile.compiled(ConfigPart(given, "linux.seccomp"))[0]


@pytest.fixture(params=["x86_64", "aarch64"])
def machine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(kernel, "MACHINE", request.param)
    return str(request.param)


def test_docker_s_default_profile_decides_as_the_built_in_filter(machine: str) -> None:
    """The profile as dockerd writes it into a bundle, against the table that the built-in filter is made of."""
    text = (files("doctor.runtime.seccomp") / "syscalls.tsv").read_text()
    rows = [line.split("\t") for line in text.splitlines()[1:]]
    personality = [{"index": 0, "value": v, "op": "SCMP_CMP_EQ"} for v in (0x0, 0x8, 0x20000, 0x20008, 0xFFFFFFFF)]
    masked = {"index": 0, "value": 0x7E020000, "op": "SCMP_CMP_MASKED_EQ"}
    docker = {
        "defaultAction": "SCMP_ACT_ERRNO",
        "defaultErrnoRet": 1,
        "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32", "SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"],
        "syscalls": [
            {"names": [row[0] for row in rows if row[1] == "allow"], "action": "SCMP_ACT_ALLOW"},
            {"names": ["socket"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 40, "op": "SCMP_CMP_NE"}]},
            *({"names": ["personality"], "action": "SCMP_ACT_ALLOW", "args": [one]} for one in personality),
            {"names": ["clone"], "action": "SCMP_ACT_ALLOW", "args": [masked]},
            {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38},
        ],
    }
    blob = compiled(docker)
    for abi in {"x86_64": ("x86_64", "i386"), "aarch64": ("aarch64",)}[machine]:
        rules = table(text, abi)
        for number in range(600):
            rule = rules.get(number, "deny")
            wanted = {"allow": ALLOW, "deny": EPERM, "enosys": 0x00050026}.get(rule)
            if wanted is not None:
                assert decide(blob, ARCH[abi], number) == wanted, (abi, number)
            elif rule == "no-vsock":
                assert [decide(blob, ARCH[abi], number, (n,)) for n in (2, 40, 41)] == [ALLOW, EPERM, ALLOW]
            elif rule == "no-namespaces":
                assert [decide(blob, ARCH[abi], number, (n,)) for n in (0, 17, 0x10000000)] == [ALLOW, ALLOW, EPERM]
            else:
                assert [decide(blob, ARCH[abi], number, (n,)) for n in (0, 8, 1, 0xFFFFFFFF)] == [
                    ALLOW,
                    ALLOW,
                    EPERM,
                    ALLOW,
                ]
    assert decide(blob, 0x40000028, 1) == KILL, "another architecture"
    assert machine != "x86_64" or decide(blob, ARCH["x86_64"], 0x40000000 | 1) == 0x00050026, "x32's numbers"


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 5), WORDS, WORDS, st.sampled_from(sorted(OPERATORS))), min_size=1, max_size=4),
    st.tuples(*[WORDS] * 6),
)
def test_arguments_are_compared_as_64_bit_numbers(
    tests: list[tuple[int, int, int, str]], given_: tuple[int, ...]
) -> None:
    args = [{"index": i, "value": v, "valueTwo": w, "op": f"SCMP_CMP_{op}"} for i, v, w, op in tests]
    rule = {"names": ["mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 9, "args": args}
    blob = compiled({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [rule]})
    held = [OPERATORS[op](given_[i], v, w) for i, v, w, op in tests]
    together = all(held) if len({i for i, *_ in tests}) == len(tests) else any(held)
    native = next(abi for abi in ("x86_64", "aarch64") if abi == kernel.MACHINE)
    number = {"x86_64": 258, "aarch64": 34}[native]
    assert decide(blob, ARCH[native], number, given_) == (0x00050009 if together else ALLOW)
    assert decide(blob, ARCH[native], number + 1, given_) == ALLOW


def test_what_32_bit_x86_multiplexes_is_denied_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "MACHINE", "x86_64")
    rule = {"names": ["connect"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1}
    blob = compiled({"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86"], "syscalls": [rule]})
    assert decide(blob, ARCH["i386"], 102) == EPERM  # socketcall
    assert decide(blob, ARCH["i386"], 117) == ALLOW  # ipc
