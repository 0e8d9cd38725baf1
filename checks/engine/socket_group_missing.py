"""The group of the engine's socket does not exist."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.engine.socket_access import SocketAccess
from doctor.facts.engine.state import EngineState


@check(severity=Severity.ERROR, detail=SocketAccess, ok="the group of the engine's socket exists")
def socket_group_missing(access: SocketAccess, state: EngineState) -> Iterator[Finding]:
    """The group that the engine's socket belongs to does not exist, so docker.socket can't be started, or only root can use it.

    What it looks at:
        ``SocketGroup=`` of docker.socket, where the engine listens on ``fd://``; else the setting ``group``, "docker" by default.
        Whether /etc/group, or the directory service that nsswitch.conf names, has that group. The default group is missed only
        where the backup /etc/group- had it: without packages nobody makes it.

    Why it matters:
        systemd ends docker.socket with "Failed to resolve group docker" and status 216/GROUP, and the engine, which requires the
        socket, does not start. A dockerd that makes the socket itself gives it to root, and members of the group get "permission
        denied".

    How it is fixed:
        By a person: groups are the distribution's business. The command is shown, with the number and the members that
        /etc/group- has; then the engine is started by doctor, and a socket of the wrong group is mended.

    References:
        https://docs.docker.com/engine/install/linux-postinstall/#manage-docker-as-a-non-root-user
    """
    if access.gid is not None or not (access.stops_start or access.former):
        return
    again = " again" if state.is_running else ""
    follows = f"the engine can't be started{again}" if access.stops_start else "only root can use the engine"
    seen = (Evidence("/etc/group-", access.former),) if access.former else ()
    yield Finding(
        subject=Subject("group", access.group),
        message=f"{follows}: the group {access.group} of its socket does not exist",
        evidence=(Evidence(access.place, f"group {access.group}"), Evidence("/etc/group", "no such group"), *seen),
        detail=access,
        severity=None if access.stops_start else Severity.WARNING,
        stops_start=access.stops_start,
    )
