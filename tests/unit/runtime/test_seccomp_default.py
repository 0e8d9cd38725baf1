"""The compiled filters decide as the table says, for every number and architecture."""

import struct
from importlib.resources import files

import pytest

from doctor.runtime.seccomp.build import ALLOW, BLOBS, ENOSYS, EPERM, program, table

PACKAGE = files("doctor.runtime.seccomp")
TABLE = (PACKAGE / "syscalls.tsv").read_text()
ARCH = {"x86_64": 0xC000003E, "i386": 0x40000003, "aarch64": 0xC00000B7}


def decide(blob: bytes, arch: int, number: int, argument: int = 0) -> int:
    """A small interpreter of the classic BPF that the kernel runs, for what these filters use."""
    data = struct.pack("<IIQ", number & 0xFFFFFFFF, arch, 0) + struct.pack("<6Q", argument, *[0] * 5)
    place, accumulator = 0, 0
    while True:
        code, jump_true, jump_false, k = struct.unpack_from("<HBBI", blob, place * 8)
        place += 1
        match code:
            case 0x20:
                accumulator = struct.unpack_from("<I", data, k)[0]
            case 0x06:
                return int(k)
            case 0x05:
                place += k
            case 0x15 | 0x35 | 0x45:
                hit = {0x15: accumulator == k, 0x35: accumulator >= k, 0x45: bool(accumulator & k)}[code]
                place += jump_true if hit else jump_false
            case _:
                raise AssertionError(f"unexpected instruction {code:#x}")


@pytest.mark.parametrize("machine", BLOBS)
def test_the_stored_filter_is_the_compiled_table(machine: str) -> None:
    assert (PACKAGE / f"seccomp-{machine}.bpf").read_bytes() == program(machine, TABLE)


@pytest.mark.parametrize(("machine", "abi"), [(m, abi) for m, abis in BLOBS.items() for abi in abis])
def test_every_number_is_decided_as_the_table_says(machine: str, abi: str) -> None:
    blob, rules = program(machine, TABLE), table(TABLE, abi)
    for number in [*range(700), 0x3FFFFFFF, 0x40000000, 0x40000001, 0xFFFFFFFF]:
        wanted = {"allow": ALLOW, "enosys": ENOSYS, None: EPERM}.get(rules.get(number))
        if wanted is not None:
            assert decide(blob, ARCH[abi], number) == wanted, number


@pytest.mark.parametrize(("machine", "abi"), [(m, abi) for m, abis in BLOBS.items() for abi in abis])
def test_arguments_decide_where_docker_looks_at_them(machine: str, abi: str) -> None:
    blob = program(machine, TABLE)
    numbers = {rule: number for number, rule in table(TABLE, abi).items() if rule not in ("allow", "enosys")}

    def decided(rule: str, argument: int) -> int:
        return decide(blob, ARCH[abi], numbers[rule], argument)

    assert decided("no-namespaces", 0x00010F00) == ALLOW  # threads
    for flag in (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000):
        assert decided("no-namespaces", flag | 17) == EPERM
    assert [decided("no-vsock", family) for family in (1, 2, 16, 40)] == [ALLOW, ALLOW, ALLOW, EPERM]
    assert decided("no-vsock", 0x100000028) == EPERM, "the kernel looks only at the low word"
    personalities = (0, 8, 0x20000, 0x20008, 0xFFFFFFFF, 1, 0x0040000)
    assert [decided("known-personality", p) for p in personalities] == [ALLOW] * 5 + [EPERM] * 2


@pytest.mark.parametrize("machine", BLOBS)
def test_other_architectures_are_refused(machine: str) -> None:
    for arch in {0x40000028, 0xC0000032, *ARCH.values()} - {ARCH[abi] for abi in BLOBS[machine]}:
        assert decide(program(machine, TABLE), arch, 1) == EPERM


@pytest.mark.parametrize("abi", ARCH)
def test_what_must_never_be_allowed_is_not(abi: str) -> None:
    text = "".join(line + "\n" for line in TABLE.splitlines() if line.split("\t")[1] == "allow")
    names = {line.split("\t")[0] for line in text.splitlines()}
    never = "mount umount2 unshare setns bpf keyctl add_key request_key ptrace_attach init_module kexec_load pivot_root"
    assert names.isdisjoint({*never.split(), "open_by_handle_at", "userfaultfd", "io_uring_setup", "perf_event_open"})
    assert table(TABLE, abi)
