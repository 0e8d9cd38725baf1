"""Limits the devices of a container: Docker's default list, as cgroup v1 rules and as a cgroup v2 eBPF program.

Without it CAP_MKNOD, one of the default fourteen, would let a container make a node of the host's disk and read it.
"""

from doctor.runtime.base import kernel
from doctor.runtime.base.system import os

# (type, major, minor, access); None is any number. moby oci/devices_linux.go and runc's AllowedDevices: mknod of
# anything, use of null, zero, full, random, urandom, tty, console, ptmx and the pseudo-terminals.
Rule = tuple[str, int | None, int | None, str]
ALLOWED: tuple[Rule, ...] = (
    ("c", None, None, "m"),
    ("b", None, None, "m"),
    ("c", 1, 3, "rwm"),
    ("c", 1, 5, "rwm"),
    ("c", 1, 7, "rwm"),
    ("c", 1, 8, "rwm"),
    ("c", 1, 9, "rwm"),
    ("c", 5, 0, "rwm"),
    ("c", 5, 1, "rwm"),
    ("c", 5, 2, "rwm"),
    ("c", 136, None, "rwm"),
)
_ACCESS = {"m": 1, "r": 2, "w": 4}  # BPF_DEVCG_ACC_*
_TYPE = {"b": 1, "c": 2}  # BPF_DEVCG_DEV_*
_PROG_LOAD, _PROG_ATTACH, _CGROUP_DEVICE_PROGRAM, _CGROUP_DEVICE, _ALLOW_MULTI = 5, 8, 15, 6, 2


def v1_lines(rules: tuple[Rule, ...] = ALLOWED) -> list[str]:
    """Lines for devices.allow, after everything was denied by writing "a" to devices.deny."""

    def number(value: int | None) -> str:
        return "*" if value is None else str(value)

    return [f"{kind} {number(major)}:{number(minor)} {access}" for kind, major, minor, access in rules]


def _instruction(code: int, dst: int = 0, src: int = 0, off: int = 0, imm: int = 0) -> bytes:
    return (
        bytes((code, dst | src << 4))
        + off.to_bytes(2, "little", signed=True)
        + (imm & 0xFFFFFFFF).to_bytes(4, "little")
    )


def v2_program(rules: tuple[Rule, ...] = ALLOWED) -> bytes:
    """Code in eBPF that returns 1 for an access that one rule allows in full. r1 points to struct bpf_cgroup_dev_ctx."""
    code = _instruction(0x61, 2, 1, 0)  # r2 = access << 16 | type
    code += _instruction(0xBC, 3, 2) + _instruction(0x74, 3, imm=16)  # r3 = r2 >> 16
    code += _instruction(0x54, 2, imm=0xFFFF)  # r2 &= 0xffff
    code += _instruction(0x61, 4, 1, 4) + _instruction(0x61, 5, 1, 8)  # r4 = major, r5 = minor
    for kind, major, minor, access in rules:
        tests = [(0x55, 2, _TYPE[kind])]
        forbidden = 7 & ~sum(_ACCESS[a] for a in access)
        if forbidden:
            tests.append((0x45, 3, forbidden))
        tests += [(0x55, register, value) for register, value in ((4, major), (5, minor)) if value is not None]
        for index, (jump, register, value) in enumerate(tests):
            code += _instruction(jump, register, off=len(tests) - index + 1, imm=value)
        code += _instruction(0xB4, 0, imm=1) + _instruction(0x95)
    return code + _instruction(0xB4, 0, imm=0) + _instruction(0x95)


def attach_v2(group: str, rules: tuple[Rule, ...] = ALLOWED) -> None:
    """Load the program of the rules and attach it to a cgroup v2 directory; it is removed with the directory. Raises
    OSError.
    """
    code, license_text = kernel.buffer(v2_program(rules)), kernel.buffer(b"Apache-2.0\0")

    def fields(*values: tuple[int, int]) -> bytes:
        return b"".join(value.to_bytes(size, "little") for value, size in values)

    load = fields(
        (_CGROUP_DEVICE_PROGRAM, 4),
        (len(bytes(code)) // 8, 4),  # type: ignore[call-overload]
        (kernel.address(code), 8),
        (kernel.address(license_text), 8),
    )
    load += bytes(72 - len(load))
    program = kernel.call("bpf", _PROG_LOAD, load, len(load))
    try:
        directory = os.open(group, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            attach = fields((directory, 4), (program, 4), (_CGROUP_DEVICE, 4), (_ALLOW_MULTI, 4))
            kernel.call("bpf", _PROG_ATTACH, attach, len(attach))
        finally:
            os.close(directory)
    finally:
        os.close(program)
