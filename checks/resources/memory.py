"""The host has almost no memory left."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.host.resources import GIB, Memory, size


@check(
    severity=Severity.WARNING,
    breaks=("limits",),
    ok="the host has memory left",
    messages=(
        Message(
            pattern=r"container init was OOM-killed.*|cannot allocate memory",
            example="fork/exec /usr/bin/runc: cannot allocate memory",
            means="the container's limit or the whole host had no memory left",
            do="see 'free -m' and 'docker stats'; raise the container's memory limit, or add memory or limit containers",
            also=("resources/oom-killed",),
        ),
    ),
)
def memory(memory: Memory) -> Iterator[Finding]:
    """The host has almost no memory left, so the kernel may kill processes of containers, or the engine.

    What it looks at:
        MemAvailable in /proc/meminfo, which includes the reclaimable page cache: a warning below 15 % if that is less than 1 GiB,
        an error below 5 %. Free swap is shown as evidence only.

    Why it matters:
        The out-of-memory killer selects processes by size, so it may kill one that did not cause the shortage. The usual cause
        is a container without a memory limit.

    How it is fixed:
        Manually: find the consumer ("docker stats") and limit its memory.

    References:
        https://docs.docker.com/engine/containers/resource_constraints/
    """
    ratio = memory.available_ratio
    if ratio >= 0.15 or (ratio >= 0.05 and memory.available_bytes >= GIB):
        return
    swap = f"{size(memory.swap_free_bytes)} of {size(memory.swap_total_bytes)}"
    yield Finding(
        subject=Subject("memory", "host"),
        message=(
            f"only {size(memory.available_bytes)} of {size(memory.total_bytes)} memory is available ({ratio * 100:.0f} %): "
            "the kernel may soon kill containers or the engine"
        ),
        evidence=(
            Evidence("/proc/meminfo", f"MemAvailable {size(memory.available_bytes)}"),
            Evidence("/proc/meminfo", f"swap free: {swap}"),
        ),
        severity=Severity.ERROR if ratio < 0.05 else None,
    )
