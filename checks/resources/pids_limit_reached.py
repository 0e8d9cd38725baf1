"""A container reached its limit of processes."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.containers.containers import Containers
from doctor.facts.kernel.log import KernelEvent, KernelLog, container_at, grouped


@check(
    severity=Severity.WARNING,
    ok="no container reached its limit of processes",
    messages=(
        Message(
            names=("fork rejected", "pids limit"),
            pattern=r"cgroup: fork rejected by pids controller.*",
            example="kernel: cgroup: fork rejected by pids controller in /docker/4f0c9f",
            means="a container reached its limit of processes",
            do="raise it: docker update --pids-limit 4096 NAME; or find why it starts so many",
            also=("resources/pid-exhaustion",),
        ),
    ),
)
def pids_limit_reached(log: KernelLog, containers: Containers) -> Iterator[Finding]:
    """A container reached its limit of processes in the last day, so it could not start another one.

    What it looks at:
        "fork rejected by pids controller" of the last 24 hours in the kernel's log, tied to a container by the id in the path. The
        kernel writes it once for each control group, so it shows that the limit was reached, not how often.

    Why it matters:
        Programs in the container fail with "can't fork" or "resource temporarily unavailable", also for a single moment, and
        ``docker exec`` fails too. Zombies without an init process count as well.

    How it is fixed:
        Manually: ``docker update`` raises the limit without a restart. A leak of zombies needs ``--init``.

    References:
        https://docs.kernel.org/admin-guide/cgroup-v2.html#pid
    """
    for title, events in grouped(log.recent("fork"), lambda event: _title(event, containers)).items():
        yield Finding(
            subject=Subject("container", title),
            message=f"container {title} reached its limit of processes {events[-1].ago}: it could not start another one",
            evidence=tuple(Evidence(f"kernel log, {event.ago}", event.text) for event in events[-3:]),
        )


def _title(event: KernelEvent, containers: Containers) -> str:
    found = container_at(event.subject, containers)
    return found.title if found is not None else ""
