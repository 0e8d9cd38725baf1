"""A container that should run is killed because its memory is used up."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.facts.containers.containers import Container, Containers
from doctor.facts.containers.details import OutOfMemory
from doctor.facts.containers.loops import RestartLoops
from doctor.facts.containers.memory import MemoryLimits, is_starved
from doctor.facts.host.resources import size
from doctor.model.text import plural


@check(
    severity=Severity.ERROR,
    detail=OutOfMemory,
    causes=("resources/oom-killed", "resources/memory"),
    ok="no container that should run was killed for lack of memory",
    messages=(
        Message(
            pattern=r"unable to set memory limit to \d+ \(current usage: \d+, peak usage: \d+\)|container init was OOM-killed \(memory limit too low\?\)|\(possibly OOM-killed\)|container init caused \"\"|memory(?:\.limit_in_bytes|\.max)\W*: (?:write \S+ )?device or resource busy",
            example="error setting cgroup config for procHooks process: unable to set memory limit to 8388608 (current usage: 12550144, peak usage: 12718080): unknown",
            means="the container's memory limit is smaller than what runc and the start of its program need",
            do="raise it: docker update --memory 512m --memory-swap 512m NAME; docker start NAME",
        ),
    ),
)
def out_of_memory(containers: Containers, limits: MemoryLimits, loops: RestartLoops | Missing) -> Iterator[Finding]:
    """A container that should run was killed by the kernel because its memory was used up, or its limit is too small to start.

    What it looks at:
        ``OOMKilled`` and the error of the last start in ``config.v2.json`` of containers with a restart policy, the memory limit
        in ``hostconfig.json``, the limits of the control groups above the container, and the kernel's report of the kill.

    Why it matters:
        The kernel ends the program in the middle of its work, with exit code 137; data that it did not write is lost. A restart
        policy starts it again until the next kill.

    How it is fixed:
        Manually: the limit that was reached is named. ``docker update`` raises that of a container without a restart; only the
        user knows how much its program needs.

    References:
        https://docs.docker.com/engine/containers/resource_constraints/#memory
        https://docs.kernel.org/admin-guide/cgroup-v2.html#memory
    """
    for one in containers.items:
        if is_starved(one, loops):
            limit = limits.of(one)
            runs = one.state.word == "running"
            yield Finding(
                subject=Subject("container", one.title),
                message=f"container {one.title} {_fate(one)}: {limit.text}",
                evidence=(
                    Evidence(
                        one.config_path, f"OOMKilled: {'true' if one.state.oom_killed else 'false'}, {_counts(one)}"
                    ),
                    Evidence(one.host_config_path, f"Memory: {size(limit.own) if limit.own else 'no limit'}"),
                    *(
                        (Evidence(limit.source, size(limit.bytes) if limit.bytes else "its limit was reached"),)
                        if limit.source
                        else ()
                    ),
                ),
                severity=Severity.WARNING if runs else Severity.ERROR,
                detail=OutOfMemory(
                    name=one.title,
                    own=limit.own if limit.reached == "own" else 0,
                    group=limit.source if limit.reached == "group" else "",
                    runs=runs,
                ),
            )


def _fate(one: Container) -> str:
    if one.state.word == "running":
        return "was killed for lack of memory and runs again"
    if one.state.error:
        return "can't start for lack of memory"
    return (
        "is killed for lack of memory again and again"
        if one.state.restarting
        else "was killed for lack of memory and does not run"
    )


def _counts(one: Container) -> str:
    error = "the last start failed because of the memory limit, " if one.state.error else ""
    return f"{error}exit code {one.state.exit_code}, {plural(one.restart_count, 'restart')}"
