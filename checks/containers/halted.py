"""A container is stopped or frozen, and the engine does not know it."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.containers.halted import HaltedProgram, HaltedPrograms
from doctor.model.paths import HostPath


@check(
    severity=Severity.ERROR,
    detail=HaltedProgram,
    ok="no running container is stopped or frozen",
    messages=(
        Message(
            pattern=r"OCI runtime exec failed: exec failed: cannot exec in a (?:paused|stopped) container",
            example="OCI runtime exec failed: exec failed: cannot exec in a paused container (use --ignore-paused to override): unknown",
            means="the container's control group is frozen, by 'docker pause' or by another program",
            do="docker unpause NAME; if the engine does not list it as paused, see 'doctor scan --select containers/halted'",
        ),
    ),
)
def halted(programs: HaltedPrograms) -> Iterator[Finding]:
    """A running container's first process is stopped by a signal, or its control group is frozen, so it does nothing.

    What it looks at:
        The state of the first process of each running container that the engine does not list as paused (T in /proc), and whether
        its control group or one above it is frozen (cgroup.events, or freezer.state with version 1). A process that a debugger
        holds is not reported.

    Why it matters:
        The engine lists the container as running. The kernel accepts connections to it, and no answer comes. ``docker exec`` in a frozen
        container hangs, and ``docker stop`` takes its whole time limit. Causes are a ``kill -STOP``, a program that
        checkpoints or backs up a container and died, and a freezer that was not reset.

    How it is fixed:
        Manually, with the command in the advice: somebody may have stopped it on purpose.

    References:
        https://docs.kernel.org/admin-guide/cgroup-v2.html#core-interface-files
    """
    groups: dict[HostPath | int, list[HaltedProgram]] = {}
    for one in programs.items:
        if not one.is_helper:
            groups.setdefault(one.frozen_by or one.pid, []).append(one)
    for members in groups.values():
        yield _finding(members)


def _finding(members: list[HaltedProgram]) -> Finding:
    """Return one finding for all containers below one frozen control group."""
    first = members[0]
    names = ", ".join(one.container for one in members[:5]) + (f" and {len(members) - 5} more" if members[5:] else "")
    if first.frozen_by is None:
        evidence = Evidence(f"/proc/{first.pid}/stat", "state T (stopped by a signal)")
    else:
        evidence = Evidence(first.frozen_by, "frozen, and the engine does not list the container as paused")
    if len(members) == 1:
        subject = Subject("container", first.container)
        message = f"container {names} is {first.way} ({first.program}, process {first.pid}): it is listed as running and does nothing"
    else:
        subject = Subject("file", str(first.frozen_by))
        message = f"containers {names} are {first.way}: they are listed as running and do nothing"
    return Finding(subject=subject, message=message, evidence=(evidence,), detail=first)
