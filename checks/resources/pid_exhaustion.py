"""The host has nearly no process ids left."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.host.details import TasksFull
from doctor.facts.host.resources import Tasks
from doctor.facts.kernel.sysctl import Sysctl

_MOST = 4194304
"""PID_MAX_LIMIT of 64-bit kernels (include/linux/threads.h)."""


@check(severity=Severity.WARNING, detail=TasksFull, breaks=("limits",), ok="there are process ids left")
def pid_exhaustion(tasks: Tasks, sysctl: Sysctl) -> Iterator[Finding]:
    """Nearly all process ids of the host are used, so nothing can be started soon, not even a shell.

    What it looks at:
        The number of tasks (threads count) in /proc/loadavg against the smaller of kernel.pid_max and kernel.threads-max: a
        warning from 70 %, an error from 90 %.

    Why it matters:
        fork fails with "resource temporarily unavailable" everywhere: containers, the engine, ssh.

    How it is fixed:
        The limits that are near are doubled, now and in sysctl.d. Who makes the tasks remains to be found; --pids-limit bounds
        a container.

    References:
        https://docs.kernel.org/admin-guide/sysctl/kernel.html
    """
    limits = {key: sysctl.number(key) for key in ("kernel.pid_max", "kernel.threads-max")}
    known = {key: limit for key, limit in limits.items() if limit}
    if not known or tasks.count < 0.7 * min(known.values()):
        return
    near = tuple(
        (key, min(limit * 2, _MOST)) for key, limit in known.items() if tasks.count >= 0.35 * limit and limit < _MOST
    )
    percent = tasks.count * 100 // min(known.values())
    yield Finding(
        subject=Subject("tasks", "host"),
        message=f"nothing can be started soon: {tasks.count} tasks run, {percent} % of what the host allows",
        evidence=(
            Evidence("/proc/loadavg", f"{tasks.count} tasks"),
            *(Evidence(key, str(limit)) for key, limit in known.items()),
        ),
        detail=TasksFull(settings=near),
        severity=Severity.ERROR if percent >= 90 else None,
    )
