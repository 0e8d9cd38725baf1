"""What a container's process may do: capabilities, no_new_privs, the seccomp filter, rlimits, user and groups."""

from doctor.runtime import kernel
from doctor.runtime.plan import Plan
from doctor.runtime.system import os
from doctor.runtime.users import Identity
from doctor.runtime.values import Failure, reason

# include/uapi/linux/capability.h, by number
CAPABILITIES = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
]
# include/uapi/asm-generic/resource.h
RLIMITS = {
    name: number
    for number, name in enumerate(
        [
            "cpu",
            "fsize",
            "data",
            "stack",
            "core",
            "rss",
            "nproc",
            "nofile",
            "memlock",
            "as",
            "locks",
            "sigpending",
            "msgqueue",
            "nice",
            "rtprio",
            "rttime",
        ]
    )
}
_CAPABILITY_V3 = 0x20080522
_FILTER_MODE = 2
_AMBIENT_CLEAR_ALL = 4


def last_capability() -> int:
    """The highest capability number that this kernel knows."""
    try:
        with open("/proc/sys/kernel/cap_last_cap", "rb") as source:
            return int(source.read())
    except (OSError, ValueError):
        return len(CAPABILITIES) - 1


def seccomp_filter() -> bytes:
    """The compiled default profile for this machine (see `doctor.runtime.seccomp`)."""
    path = f"{__file__.rpartition('/')[0]}/seccomp-{kernel.MACHINE}.bpf"
    try:
        with open(path, "rb") as source:
            return source.read()
    except OSError as error:
        raise Failure(f"no seccomp profile for {kernel.MACHINE}: {reason(error)}") from None


def apply(plan: Plan, caps: tuple[str, ...], who: Identity, bpf: bytes | None, last: int) -> None:
    """Give up everything the plan does not grant. In this order, since each step takes away what the one before needs.

    Inheritable and ambient sets end empty (CVE-2022-29162).
    """
    for limit in plan.rlimits:
        _set_rlimit(limit.kind, limit.soft, limit.hard)
    granted = {CAPABILITIES.index(name) for name in caps}
    for number in range(last + 1):
        if number not in granted:
            kernel.prctl(kernel.PR_CAPBSET_DROP, number)
    if plan.no_new_privs:
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    elif bpf is not None:
        # Without no_new_privs the filter needs CAP_SYS_ADMIN, so it is loaded first; it allows what follows.
        load_filter(bpf)
        bpf = None
    os.setgroups(who.groups)
    os.setresgid(who.gid, who.gid, who.gid)
    os.setresuid(who.uid, who.uid, who.uid)
    kernel.prctl(kernel.PR_CAP_AMBIENT, _AMBIENT_CLEAR_ALL)
    _set_capabilities(sum(1 << n for n in granted) if who.uid == 0 else 0)
    if bpf is not None:
        load_filter(bpf)


def load_filter(bpf: bytes) -> None:
    """Install a BPF program, an array of struct sock_filter, for this process."""
    code = kernel.buffer(bpf)
    program = kernel.buffer((len(bpf) // 8).to_bytes(8, "little") + kernel.address(code).to_bytes(8, "little"))
    kernel.prctl(kernel.PR_SET_SECCOMP, _FILTER_MODE, kernel.address(program))


def _set_capabilities(wanted: int) -> None:
    """Effective and permitted become `wanted` as far as they are there now; inheritable becomes empty."""
    now = _permitted()
    keep = wanted & now
    low, high = (keep & 0xFFFFFFFF).to_bytes(4, "little"), (keep >> 32).to_bytes(4, "little")
    none = bytes(4)
    header = _CAPABILITY_V3.to_bytes(4, "little") + bytes(4)
    kernel.call("capset", kernel.buffer(header), low + low + none + high + high + none)


def _permitted() -> int:
    header = kernel.buffer(_CAPABILITY_V3.to_bytes(4, "little") + bytes(4))
    sets = kernel.buffer(bytes(24))
    kernel.call("capget", header, sets)
    raw = bytes(sets)  # type: ignore[call-overload]
    return int.from_bytes(raw[4:8], "little") | int.from_bytes(raw[16:20], "little") << 32


def _set_rlimit(kind: int, soft: int, hard: int) -> None:
    try:
        both = b"".join((value & 2**64 - 1).to_bytes(8, "little") for value in (soft, hard))
        kernel.call("prlimit64", 0, kind, both, None)
    except OSError as error:
        name = next(name for name, number in RLIMITS.items() if number == kind)
        raise Failure(f"can't set the limit {name} to {soft}:{hard}: {reason(error)}") from None
