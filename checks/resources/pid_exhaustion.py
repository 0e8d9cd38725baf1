"""The host has almost no process ids left."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.host.details import TasksFull
from doctor.facts.host.resources import Tasks
from doctor.facts.kernel.sysctl import Sysctl

_MOST = 4194304
"""PID_MAX_LIMIT of 64-bit kernels (include/linux/threads.h)."""


@check(
    severity=Severity.WARNING,
    detail=TasksFull,
    breaks=("limits",),
    ok="the host has process ids left",
    messages=(
        Message(
            pattern=r"fork/exec \S+: resource temporarily unavailable|can't fork|fork: (?:retry: )?resource temporarily unavailable",
            example="fork/exec /usr/bin/runc: resource temporarily unavailable",
            means="no further process can be started: a limit of processes is reached",
            do="find the program with most processes; raise kernel.pid_max, TasksMax or the container's pids limit",
        ),
    ),
)
def pid_exhaustion(tasks: Tasks, sysctl: Sysctl) -> Iterator[Finding]:
    """Almost all process ids of the host are in use, so soon no process can start, not even a shell.

    What it looks at:
        The number of tasks (including threads) in /proc/loadavg against the smaller of kernel.pid_max and kernel.threads-max: a
        warning from 70 %, an error from 90 %.

    Why it matters:
        fork fails with "resource temporarily unavailable" everywhere: in containers, in the engine, in sshd.

    How it is fixed:
        The limits that are nearly reached are doubled, now and in sysctl.d. Find the program that creates the tasks yourself;
        --pids-limit limits a container.

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
        message=f"{tasks.count} tasks run, {percent} % of the host's limit: soon no process can start",
        evidence=(
            Evidence("/proc/loadavg", f"{tasks.count} tasks"),
            *(Evidence(key, str(limit)) for key, limit in known.items()),
        ),
        detail=TasksFull(settings=near),
        severity=Severity.ERROR if percent >= 90 else None,
    )
