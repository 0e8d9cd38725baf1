"""Flags stand in a file that nothing reads."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.config.engine import EngineFlags, UnreadVariable


@check(
    severity=Severity.WARNING, detail=UnreadVariable, ok="every options file of the engine is read by what starts it"
)
def options_unread(flags: EngineFlags) -> Iterator[Finding]:
    """Flags for the engine stand in a file that its unit or init script does not read, so they are not in force.

    What it looks at:
        DOCKER_OPTS, OPTIONS and their like in /etc/default/docker, /etc/sysconfig/docker (docker-storage, docker-network) and
        /etc/conf.d/docker, and the variables that the unit's or script's command really uses.

    Why it matters:
        The units of docker-ce read no such file. After a change from the distribution's package the old options stay where they
        were and do nothing: a registry mirror, a data root on another disk, a DNS server.

    How it is fixed:
        ``--choose`` asks: the options move to daemon.json, where the engine reads them, or the line becomes a comment. Options that
        make the engine listen are never moved.

    References:
        https://docs.docker.com/engine/daemon/
    """
    for unread in flags.unread:
        yield Finding(
            subject=Subject("file", unread.file),
            message=f"{unread.name} in {unread.file} is not in force: {unread.reader} does not read it",
            evidence=(Evidence(f"{unread.file}:{unread.line}", f"{unread.name}={unread.value}"),),
            detail=unread,
        )
