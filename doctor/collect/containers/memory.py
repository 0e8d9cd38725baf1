"""Reads the memory limits of the control groups above containers that were killed for lack of memory."""

from collections.abc import Iterator

from doctor.facts.config.engine import EngineConfig
from doctor.facts.containers.containers import Container, Containers
from doctor.facts.containers.loops import RestartLoops
from doctor.facts.containers.memory import MemoryLimits, is_starved
from doctor.facts.kernel.cgroups import Cgroups
from doctor.facts.kernel.log import KernelLog, container_at
from doctor.formats.text import decode, is_number
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing
from doctor.model.paths import HostPath, join, parent

_NO_LIMIT = 1 << 60
"""Version 1 shows a number near 2^63 for none."""


@collector
def memory_limits(  # noqa: PLR0917 - a parameter a fact
    host: Host,
    containers: Containers,
    loops: RestartLoops | Missing,
    cgroups: Cgroups | Missing,
    config: EngineConfig | Missing,
    log: KernelLog | Missing,
) -> MemoryLimits:
    """Return the limits; nothing is read without such a container."""
    starved = [one for one in containers.items if is_starved(one, loops)]
    if not starved:
        return MemoryLimits()
    killed = {} if isinstance(log, Missing) else _killed(containers, log)
    if isinstance(cgroups, Missing):
        return MemoryLimits(killed=killed)
    default = "" if isinstance(config, Missing) else str(config.get("cgroup-parent") or "")
    found: dict[str, tuple[str, int]] = {}
    for one in starved:
        limits = [limit for top in _tops(one, cgroups, default) for limit in _limits(host, top, cgroups)]
        if limits:
            found[one.id] = min(limits, key=lambda limit: limit[1])
    return MemoryLimits(above=found, killed=killed)


def _killed(containers: Containers, log: KernelLog) -> dict[str, tuple[str, int]]:
    found = ((container_at(event.subject, containers), event) for event in log.recent("oom"))
    return {one.id: (event.limited, event.limit_bytes) for one, event in found if one is not None}


def _tops(one: Container, cgroups: Cgroups, default: str) -> Iterator[HostPath]:
    """Yield the places of the control group above the container's own."""
    mount = cgroups.v2 if cgroups.mode == "v2" else cgroups.v1.get("memory", "")
    name = (one.host.cgroup_parent if one.host is not None else "") or default
    if not mount or ".." in name.split("/"):
        return
    if name.endswith(".slice"):
        # A dash in a slice's name is a level (systemd.slice(5)).
        words = name.removesuffix(".slice").split("-")
        name = "/".join(f"{'-'.join(words[: at + 1])}.slice" for at in range(len(words)))
    for top in (name,) if name else ("docker", "system.slice"):
        yield join(HostPath(mount), top)


def _limits(host: Host, top: HostPath, cgroups: Cgroups) -> Iterator[tuple[str, int]]:
    """Yield (file, limit) of a control group and those above it."""
    file = "memory.max" if cgroups.mode == "v2" else "memory.limit_in_bytes"
    mount = cgroups.v2 if cgroups.mode == "v2" else cgroups.v1["memory"]
    while top.startswith(f"{mount.rstrip('/')}/"):
        try:
            value = decode(host.read(join(top, file), limit_bytes=64)).strip()
        except HostError:
            value = ""
        if is_number(value) and int(value) < _NO_LIMIT:
            yield join(top, file), int(value)
        top = parent(top)
