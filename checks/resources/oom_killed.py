"""The kernel killed processes because memory was used up."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.engines.containerd import places as containerd
from doctor.engines.docker import places as docker
from doctor.facts.containers.containers import Containers
from doctor.facts.containers.loops import RestartLoops
from doctor.facts.containers.memory import is_starved
from doctor.facts.host.resources import size
from doctor.facts.kernel.details import MemoryKill
from doctor.facts.kernel.log import KernelEvent, KernelLog, container_at, grouped, times

_SERVICES = (docker.SERVICE, containerd.SERVICE)


@check(
    severity=Severity.WARNING,
    detail=MemoryKill,
    ok="the kernel killed no process of a container for lack of memory",
    messages=(
        Message(
            names=("oom-killer",),
            pattern=r"oom-kill(?:er)?:.*|Memory cgroup out of memory: .*|Out of memory: Kill(?:ed)? process \d+.*",
            example="Memory cgroup out of memory: Killed process 3122 (java) total-vm:4120000kB, anon-rss:524288kB",
            means="the kernel killed a process: a container reached its memory limit, or the host has no memory left",
            do="the path after 'task_memcg=' names the container; raise its limit with 'docker update --memory', or find the leak",
            also=("resources/memory",),
            apart="'oom-kill:constraint=CONSTRAINT_MEMCG' is the limit of a container, 'global_oom' the host's memory",
        ),
    ),
)
def oom_killed(log: KernelLog, containers: Containers | Missing, loops: RestartLoops | Missing) -> Iterator[Finding]:
    """The kernel killed a process in the last day: a container reached its memory limit, or the host had no memory left.

    What it looks at:
        The reports of the OOM killer of the last 24 hours in the kernel's log, as far as its buffer goes back. A kill in a
        control group is tied to a container by the id in its path; kills of other groups, and those of test containers, are left
        out, and so are units of users and of other hosts on the same kernel. A container that should run and was killed itself is a finding of containers/out-of-memory. A kill without a limit
        concerns the whole host.

    Why it matters:
        The process ends in the middle of its work, and data that it did not write is lost. If it is not the container's first
        process, the container runs on without it, and neither ``docker ps`` nor the exit code shows it.

    How it is fixed:
        Manually: raise the limit with ``docker update``, which needs no restart, or find the leak. If the host's memory was used up,
        limit the largest container, so that the kernel kills there and not in the engine.

    References:
        https://docs.docker.com/engine/containers/resource_constraints/#memory
        https://docs.kernel.org/admin-guide/cgroup-v2.html#memory
    """
    kills = log.recent("oom")
    known = containers if isinstance(containers, Containers) else Containers()
    starved = {one.title for one in known.items if is_starved(one, loops)}
    for title, events in grouped(kills, lambda event: _container(event, known)).items():
        if title in starved:
            continue
        limit = events[-1].limit_bytes
        yield Finding(
            subject=Subject("container", title),
            message=(
                f"container {title} reached its memory limit{f' of {size(limit)}' if limit else ''}, and the kernel killed "
                f"'{events[-1].name}' in it: {times(events)}"
            ),
            evidence=_evidence(events),
            detail=MemoryKill(container=title, limit_bytes=limit),
        )
    for unit, events in grouped(kills if log.is_own else (), _service).items():
        yield Finding(
            subject=Subject("unit", unit),
            message=f"{unit} reached its memory limit, and the kernel killed '{events[-1].name}' in it: {times(events)}",
            evidence=_evidence(events),
            detail=MemoryKill(),
            severity=Severity.ERROR,
        )
    of_host = tuple(event for event in kills if not event.limited)
    if of_host:
        where = container_at(of_host[-1].subject, known)
        yield Finding(
            subject=Subject("memory", "host"),
            message=(
                f"the host had no memory left, and the kernel killed '{of_host[-1].name}'"
                f"{f' in container {where.title}' if where is not None else ''}: {times(of_host)}"
            ),
            evidence=_evidence(of_host),
            detail=MemoryKill(),
            severity=Severity.ERROR,
        )


def _container(event: KernelEvent, containers: Containers) -> str:
    found = container_at(event.limited, containers) if event.limited else None
    return found.title if found is not None else ""


def _service(event: KernelEvent) -> str:
    """Return the engine's unit if its own limit was reached: not that of a user's engine, or of another host on this kernel."""
    *above, unit = event.limited.removeprefix("/").split("/")
    return unit if unit in _SERVICES and all(one.endswith(".slice") for one in above) else ""


def _evidence(events: tuple[KernelEvent, ...]) -> tuple[Evidence, ...]:
    return tuple(Evidence(f"kernel log, {event.ago}", event.text) for event in events[-3:])
