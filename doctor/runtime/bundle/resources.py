"""The object `linux.resources` of a config.json."""

from doctor.runtime.base.frozen import replace
from doctor.runtime.bundle.part import ConfigPart
from doctor.runtime.cgroups.devices import ALLOWED, Rule
from doctor.runtime.plan.container import Limits

_MOST = 2**63 - 1
_EVERY: tuple[str | None, int | None, int | None] = (None, None, None)


def read(resources: ConfigPart) -> Limits:
    """The limits. Raises LaunchError (2) for limits that the runtime's control groups don't support."""
    resources.refuse("unified", "hugepageLimits", "rdma")
    _refuse_all(resources.part("blockIO"), "this runtime does not limit it")
    _refuse_all(resources.part("network"), "this runtime does not limit it")
    memory, cpu, pids = (resources.part(name) for name in ("memory", "cpu", "pids"))
    found: dict[str, object] = {**_memory(memory), **_cpu(cpu)}
    limits = replace(Limits(), **found, pids=_limit(pids, "limit", 1), devices=_devices(resources))
    pids.end()
    resources.end()
    return limits


def _refuse_all(part: ConfigPart, why: str) -> None:
    part.refuse(*part.names(), why=why)


def _limit(part: ConfigPart, name: str, low: int) -> int | None:
    """A number from `low` on, None where it is absent or -1."""
    value = part.number(name, -1, _MOST)
    if value is None or value == -1:
        return None
    if value < low:
        raise part.wrong(name, f"{value} is less than {low}")
    return value


def _memory(memory: ConfigPart) -> dict[str, int | None]:
    memory.refuse("kernel", "kernelTCP", "swappiness")
    for name, supported in (("disableOOMKiller", False), ("useHierarchy", True), ("checkBeforeUpdate", False)):
        if memory.flag(name, default=supported) is not supported:
            raise memory.wrong(name, "this runtime does not support it")
    limit, reserve = _limit(memory, "limit", 1 << 19), _limit(memory, "reservation", 1 << 12)
    swap = memory.number("swap", -1, _MOST)
    memory.end()
    if swap is not None and (limit is None or 0 <= swap < limit):
        raise memory.wrong("swap", "is memory and swap together: it needs a limit, and to be at least as high")
    return {"memory_bytes": limit, "swap_bytes": swap, "reserve_bytes": reserve}


def _cpu(cpu: ConfigPart) -> dict[str, object]:
    cpu.refuse("burst", "realtimePeriod", "realtimeRuntime", "idle")
    period, quota = cpu.number("period", 0, 1_000_000), _limit(cpu, "quota", 0)
    shares = cpu.number("shares", 0, 1 << 18)
    places = (cpu.text("cpus") or "", cpu.text("mems") or "")
    cpu.end()
    if period and period < 1000:
        raise cpu.wrong("period", f"{period} is less than 1000")
    if quota and quota < 1000:
        raise cpu.wrong("quota", f"{quota} is less than 1000")
    return {
        "cpus": quota / (period or 100_000) if quota else None,
        "period_us": period or 100_000,
        "shares": shares or None,
        "cpuset": places if any(places) else None,
    }


def _devices(resources: ConfigPart) -> tuple[Rule, ...]:
    """The rules of the list, in order, after the default rules.

    "Deny everything" resets the list; usual lists begin with it. A denial of a device that an earlier rule allowed is
    refused: the runtime's rules only allow.
    """
    found: list[Rule] = []
    for rule in resources.parts("devices"):
        allow, kind, access = rule.flag("allow"), rule.text("type"), rule.text("access") or "rwm"
        major, minor = rule.number("major", -1, 2**32 - 1), rule.number("minor", -1, 2**32 - 1)
        rule.end()
        kind = None if kind == "a" else kind
        major, minor = (None if number == -1 else number for number in (major, minor))
        if kind not in (None, "b", "c") or not access or not set(access) <= set("rwm"):
            raise rule.wrong("access", "type is a, b or c, access of the letters r, w, m")
        if allow:
            if kind is None or major is None:
                raise rule.wrong("allow", "this runtime gives no container all devices of a kind")
            found.append((kind, major, minor, access))
        elif (kind, major, minor) == _EVERY and set(access) == set("rwm"):
            found = []
        elif any(_overlaps(one, (kind, major, minor), access) for one in (*ALLOWED[2:], *found)):
            raise rule.wrong("allow", "this runtime can't deny a part of an allowed range")
    return (*ALLOWED, *dict.fromkeys(found))


def _overlaps(rule: Rule, denied: tuple[str | None, int | None, int | None], access: str) -> bool:
    same = all(one is None or other is None or one == other for one, other in zip(rule[:3], denied, strict=True))
    return same and bool(set(rule[3]) & set(access))
