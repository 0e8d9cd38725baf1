"""Flags for the engine are in a file that is not read."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.config.engine import EngineFlags, UnreadVariable


@check(
    severity=Severity.WARNING,
    detail=UnreadVariable,
    ok="every options file of the engine is read by its unit or init script",
)
def options_unread(flags: EngineFlags) -> Iterator[Finding]:
    """Flags for the engine are in a file that its unit or init script does not read, so they have no effect.

    What it looks at:
        DOCKER_OPTS, OPTIONS and similar variables in /etc/default/docker, /etc/sysconfig/docker (docker-storage, docker-network)
        and /etc/conf.d/docker, and the variables that the command of the unit or script uses.

    Why it matters:
        The units of docker-ce read no such file. After a change from the distribution's package to docker-ce, the old options
        (a registry mirror, a data root on another disk, a DNS server) have no effect.

    How it is fixed:
        ``--choose`` offers to move the options to daemon.json, which the engine reads, or to comment out the line. Options that
        make the engine listen are never moved.

    References:
        https://docs.docker.com/engine/daemon/
    """
    for unread in flags.unread:
        yield Finding(
            subject=Subject("file", unread.file),
            message=f"{unread.name} in {unread.file} has no effect: {unread.reader} does not read it",
            evidence=(Evidence(f"{unread.file}:{unread.line}", f"{unread.name}={unread.value}"),),
            detail=unread,
        )
