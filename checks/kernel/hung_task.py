"""A process of the engine or of a container hangs in the kernel."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.engines.containerd import places as containerd
from doctor.engines.docker import places as docker
from doctor.facts.containers.containers import Containers
from doctor.facts.host.processes import Processes
from doctor.facts.kernel.details import HungProcess
from doctor.facts.kernel.log import KernelEvent, KernelLog, container_at, grouped
from doctor.model.text import plural

_LONGEST_NAME = 15
"""Length of a process's name in the kernel."""
_ENGINE = frozenset(
    name[:_LONGEST_NAME]
    for name in (docker.PROCESS, containerd.PROCESS, "containerd-shim-runc-v2", "runc", "docker-proxy")
)


@check(
    severity=Severity.ERROR,
    detail=HungProcess,
    causes=("storage/disk-errors", "storage/file-system-errors"),
    ok="no process of the engine or of a container hangs in the kernel",
    messages=(
        Message(
            names=("hung task",),
            pattern=r"(?:INFO: )?task \S+ blocked for more than \d+ seconds",
            example="kernel: INFO: task dockerd:812 blocked for more than 120 seconds.",
            means="a process waits in the kernel, usually for a disk or an NFS server that does not answer",
            do="find its mount with 'cat /proc/PID/stack' as root, and restore the server or the disk",
            also=("engine/hung",),
        ),
    ),
)
def hung_task(log: KernelLog, processes: Processes, containers: Containers | Missing) -> Iterator[Finding]:
    """A process of the engine or of a container has waited in the kernel for minutes, and nothing can end it.

    What it looks at:
        "blocked for more than" of the last 24 hours in the kernel's log, and the processes: only one that exists and still waits (state
        D) is a finding. One that does not wait any more is left out.

    Why it matters:
        Not even SIGKILL ends it. Its container can't be stopped or removed, and a waiting engine answers no request. The cause
        is a disk, a network file system or a bug of the kernel.

    How it is fixed:
        Manually: its stack shows where it waits. Restore the server or the disk; if that is not possible, reboot.

    References:
        https://docs.kernel.org/admin-guide/sysctl/kernel.html#hung-task-timeout-secs
    """
    known = containers if isinstance(containers, Containers) else Containers()
    for title, events in grouped(log.recent("hung"), lambda event: _title(event, processes, known)).items():
        pids = list(dict.fromkeys(event.subject for event in events))
        minutes = int(events[0].age_s + float(events[0].limited or 0)) // 60
        yield Finding(
            subject=Subject("process", title),
            message=(
                f"{title} has hung in the kernel for {plural(max(minutes, 1), 'minute')}, and nothing can end it: "
                f"process {', '.join(pids)}"
            ),
            evidence=tuple(Evidence(f"kernel log, {event.ago}", event.text) for event in events[-3:]),
            detail=HungProcess(pid=pids[0]),
        )


def _title(event: KernelEvent, processes: Processes, containers: Containers) -> str:
    """Return the container or program of a process that still waits, "" for others."""
    process = processes.pid(int(event.subject[:9]))
    if process is None or process.state != "D" or process.comm != event.name:
        return ""
    container = container_at(process.cgroup, containers)
    if container is not None:
        return f"container {container.title}"
    return process.comm if process.comm in _ENGINE else ""
