"""Writes the limits of a container into the files of its control groups, which differ between version 1 and 2."""

from doctor.runtime.base.frozen import TYPE_CHECKING
from doctor.runtime.base.system import exists, write_text
from doctor.runtime.cgroups import devices
from doctor.runtime.plan.container import Limits

if TYPE_CHECKING:
    from collections.abc import Collection


def write_v1(path: str, controllers: "Collection[str]", limits: Limits) -> bool:
    """Limit a group of version 1, as far as its controllers can; returns whether it has the device rules."""
    if "devices" in controllers:
        write_text(f"{path}/devices.deny", "a")
        for line in devices.v1_lines(limits.devices or devices.ALLOWED):
            write_text(f"{path}/devices.allow", line)
    if "memory" in controllers and limits.memory_bytes is not None:
        write_text(f"{path}/memory.limit_in_bytes", str(limits.memory_bytes))
        if exists(f"{path}/memory.memsw.limit_in_bytes"):
            write_text(f"{path}/memory.memsw.limit_in_bytes", str(limits.swap_bytes or limits.memory_bytes))
    if "cpu" in controllers and limits.cpus is not None:
        write_text(f"{path}/cpu.cfs_period_us", str(limits.period_us))
        write_text(f"{path}/cpu.cfs_quota_us", str(int(limits.cpus * limits.period_us)))
    if "pids" in controllers and limits.pids is not None:
        write_text(f"{path}/pids.max", str(limits.pids))
    if "memory" in controllers and limits.reserve_bytes is not None:
        write_text(f"{path}/memory.soft_limit_in_bytes", str(limits.reserve_bytes))
    if "cpu" in controllers and limits.shares is not None:
        write_text(f"{path}/cpu.shares", str(limits.shares))
    _limit_cpuset(path, controllers, limits)
    return "devices" in controllers


def _limit_cpuset(path: str, controllers: "Collection[str]", limits: Limits) -> None:
    if "cpuset" in controllers and limits.cpuset is not None:
        for name, value in zip(("cpus", "mems"), limits.cpuset, strict=True):
            if value:
                write_text(f"{path}/cpuset.{name}", value)


def write_v2(path: str, mount: str, controllers: "Collection[str]", limits: Limits) -> None:
    """Limit a group of version 2, as far as its controllers can: they are enabled in the groups above it."""
    needed = needed_by(limits) & set(controllers)
    for name in sorted(needed):
        for parent in (mount, path.rpartition("/")[0]):
            write_text(f"{parent}/cgroup.subtree_control", f"+{name}")
    if limits.memory_bytes is not None and "memory" in needed:
        write_text(f"{path}/memory.max", str(limits.memory_bytes))
        if exists(f"{path}/memory.swap.max"):
            write_text(f"{path}/memory.swap.max", _swap_alone(limits.memory_bytes, limits.swap_bytes))
    if limits.cpus is not None and "cpu" in needed:
        write_text(f"{path}/cpu.max", f"{int(limits.cpus * limits.period_us)} {limits.period_us}")
    if limits.pids is not None and "pids" in needed:
        write_text(f"{path}/pids.max", str(limits.pids))
    if limits.reserve_bytes is not None and "memory" in needed:
        write_text(f"{path}/memory.low", str(limits.reserve_bytes))
    if limits.shares is not None and "cpu" in needed:
        write_text(f"{path}/cpu.weight", str(1 + (max(2, limits.shares) - 2) * 9999 // 262142))
    _limit_cpuset(path, needed, limits)


def _swap_alone(memory: int, both: int | None) -> str:
    """Version 2 counts swap without the memory."""
    return "max" if both == -1 else str(0 if both is None else both - memory)


def needed_by(limits: Limits) -> set[str]:
    """The controllers that the limits need."""
    wanted = (
        ("memory", limits.memory_bytes),
        ("memory", limits.reserve_bytes),
        ("cpu", limits.cpus),
        ("cpu", limits.shares),
        ("cpuset", limits.cpuset),
        ("pids", limits.pids),
    )
    return {name for name, value in wanted if value is not None}
