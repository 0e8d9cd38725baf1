"""Sets the privileges of a container's process: capabilities, no_new_privs, the seccomp filter, rlimits, user and
groups.
"""

from doctor.runtime.base import kernel
from doctor.runtime.base.frozen import LaunchError, reason
from doctor.runtime.base.system import content, os
from doctor.runtime.plan.container import Capabilities, ContainerPlan
from doctor.runtime.plan.rights import CAPABILITIES, RLIMITS
from doctor.runtime.process.users import CommandUser

_CAPABILITY_V3 = 0x20080522
_FILTER_MODE = 2
_AMBIENT_CLEAR_ALL, _AMBIENT_RAISE = 4, 2
_SET_MODE_FILTER = 1
_SETS = ("bounding", "effective", "permitted", "inheritable", "ambient")


def last_capability() -> int:
    """The highest capability number that this kernel knows."""
    try:
        return int(content("/proc/sys/kernel/cap_last_cap"))
    except (OSError, ValueError):
        return len(CAPABILITIES) - 1


def apply(plan: ContainerPlan, sets: Capabilities, who: CommandUser, bpf: bytes | None, last: int) -> None:
    """Drop everything the plan does not grant. The order matters: each step removes privileges that the previous one
    needs.

    Inheritable and ambient sets end empty unless a bundle asks for them (CVE-2022-29162).
    """
    for limit in plan.rlimits:
        _set_rlimit(limit.kind, limit.soft, limit.hard)
    bounding = _mask(sets.bounding)
    for number in range(last + 1):
        if not bounding >> number & 1:
            kernel.prctl(kernel.PR_CAPBSET_DROP, number)
    flags = plan.extras.filter_flags
    if plan.no_new_privs:
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    elif bpf is not None:
        # Without no_new_privs the filter needs CAP_SYS_ADMIN, so it is loaded first; it must allow the calls that
        # follow.
        load_filter(bpf, flags)
        bpf = None
    if who.uid != 0 and sets.permitted:
        kernel.prctl(kernel.PR_SET_KEEPCAPS, 1)
    os.setgroups(who.groups)
    os.setresgid(who.gid, who.gid, who.gid)
    os.setresuid(who.uid, who.uid, who.uid)
    kernel.prctl(kernel.PR_CAP_AMBIENT, _AMBIENT_CLEAR_ALL)
    _set_capabilities(sets, last, exact=plan.extras.capabilities is not None)
    for name in sets.ambient:
        kernel.prctl(kernel.PR_CAP_AMBIENT, _AMBIENT_RAISE, CAPABILITIES.index(name))
    if bpf is not None:
        load_filter(bpf, flags)


def capabilities_of(plan: ContainerPlan, uid: int, *, devices_limited: bool) -> Capabilities:
    """The five sets. Without device rules CAP_MKNOD is dropped: a new node would work."""
    given = plan.extras.capabilities
    if given is None:
        own = plan.caps if uid == 0 else ()
        given = Capabilities(bounding=plan.caps, effective=own, permitted=own)
    if devices_limited:
        return given
    sets = {name: tuple(cap for cap in getattr(given, name) if cap != "MKNOD") for name in _SETS}
    return Capabilities(**sets)


def _mask(names: tuple[str, ...]) -> int:
    return sum(1 << CAPABILITIES.index(name) for name in set(names))


def load_filter(bpf: bytes, flags: int = 0) -> None:
    """Install a BPF program, an array of struct sock_filter, for this process."""
    code = kernel.buffer(bpf)
    program = kernel.buffer((len(bpf) // 8).to_bytes(8, "little") + kernel.address(code).to_bytes(8, "little"))
    if flags:
        kernel.call("seccomp", _SET_MODE_FILTER, flags, kernel.address(program))
    else:
        kernel.prctl(kernel.PR_SET_SECCOMP, _FILTER_MODE, kernel.address(program))


def _set_capabilities(sets: Capabilities, last: int, *, exact: bool) -> None:
    """Set the wanted capabilities that are available; those requested by a bundle must all be available."""
    now, known = _permitted(), (1 << last + 1) - 1
    effective, permitted, inheritable = (_mask(names) for names in (sets.effective, sets.permitted, sets.inheritable))
    missing = permitted & known & ~now
    if exact and missing:
        raise LaunchError(
            f"can't give CAP_{CAPABILITIES[missing.bit_length() - 1]}: the runtime does not have it itself"
        )
    low, high = (
        b"".join(
            (mask >> shift & 0xFFFFFFFF).to_bytes(4, "little")
            for mask in (effective & now, permitted & now, inheritable)
        )
        for shift in (0, 32)
    )
    header = _CAPABILITY_V3.to_bytes(4, "little") + bytes(4)
    kernel.call("capset", kernel.buffer(header), low + high)


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
        raise LaunchError(f"can't set the limit {name} to {soft}:{hard}: {reason(error)}") from None
