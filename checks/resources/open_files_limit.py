"""A service that starts containers may open few files."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.starts.limits import ServiceLimits

_LEAST, _FEW = 1024, 64
"""Below the first, a service runs out of files with some dozen containers; below the second, it may start none."""


@check(
    severity=Severity.WARNING,
    breaks=("start",),
    ok="the engine may open as many files as it needs",
)
def open_files_limit(limits: ServiceLimits) -> Iterator[Finding]:
    """The limit of open files of dockerd or containerd is very low, so starts of containers fail with "too many open files".

    What it looks at:
        The hard limit of open files of the running dockerd and containerd: a warning below 1,024, an error below 64.

    Why it matters:
        dockerd needs several open files for each running container, and each runtime inherits the limit. With 90, the first
        containers run, and the start of a later one hangs; with 30, none starts.

    How it is fixed:
        Manually: set LimitNOFILE of the service and restart it. The packages set it to infinity or leave systemd's default.

    References:
        https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html#Process%20Properties
    """
    for one in limits.items:
        if not 0 <= one.files < _LEAST:
            continue
        effect = "no container may start" if one.files < _FEW else "with more containers, starts fail or hang"
        yield Finding(
            subject=Subject("service", one.unit or one.program),
            message=f'{one.program} may open only {one.files} files: {effect} with "too many open files"',
            evidence=(Evidence(f"/proc/{one.pid}/limits", f"Max open files {one.files}"),),
            severity=Severity.ERROR if one.files < _FEW else None,
        )
