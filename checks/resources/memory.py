"""The host has nearly no memory left."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.host.resources import GIB, Memory, size


@check(severity=Severity.WARNING, breaks=("limits",), ok="the host has memory left")
def memory(memory: Memory) -> Iterator[Finding]:
    """The host has nearly no memory left, so the kernel ends processes of containers, or the engine.

    What it looks at:
        MemAvailable of /proc/meminfo, which counts what the page cache would give back: a warning below 15 % if that is less
        than 1 GiB, an error below 5 %. Free swap is shown, not judged.

    Why it matters:
        The out-of-memory killer chooses by size, not by blame. Containers without a memory limit are its usual cause.

    How it is fixed:
        A person finds the consumer ("docker stats") and gives it a limit.

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
            f"the kernel may end containers or the engine soon: {size(memory.available_bytes)} "
            f"of {size(memory.total_bytes)} memory are available ({ratio:.0%})"
        ),
        evidence=(
            Evidence("/proc/meminfo", f"MemAvailable {size(memory.available_bytes)}"),
            Evidence("/proc/meminfo", f"swap free: {swap}"),
        ),
        severity=Severity.ERROR if ratio < 0.05 else None,
    )
