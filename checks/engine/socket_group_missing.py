"""The group of the engine's socket does not exist."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.engine.socket_access import SocketAccess
from doctor.facts.engine.state import EngineState


@check(
    severity=Severity.ERROR,
    detail=SocketAccess,
    ok="the group of the engine's socket exists",
    messages=(
        Message(
            pattern=r"Failed to resolve group \S+|status=216(?:/GROUP)?|Failed to listen on Docker Socket for the API|could not change group \S+ to \S+|group \S+ not found",
            example="could not change group /var/run/docker.sock to docker: group docker not found",
            means="the group that the engine's socket belongs to does not exist on this host",
            do="create the group with 'groupadd --system docker', or change the setting \"group\"",
            also=("engine/socket-closed",),
        ),
    ),
)
def socket_group_missing(access: SocketAccess, state: EngineState) -> Iterator[Finding]:
    """The group of the engine's socket does not exist, so docker.socket can't be started, or only root can use it.

    What it looks at:
        ``SocketGroup=`` of docker.socket if the engine listens on ``fd://``, otherwise the setting ``group`` ("docker" by
        default), and whether /etc/group, or the directory service in nsswitch.conf, has that group. If the default group is
        missing, this is reported only if the backup /etc/group- has it: without the distribution's packages it may never have
        existed.

    Why it matters:
        docker.socket fails with "Failed to resolve group docker" and status 216/GROUP, and the engine, which requires the socket,
        does not start. If dockerd creates the socket itself, the socket belongs to root, and members of the group get
        "permission denied".

    How it is fixed:
        Manually: doctor does not create groups. The advice shows the command, with the id and the members from /etc/group-. Then
        ``doctor fix`` starts the engine and corrects the group of an existing socket.

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
        message=f"the group {access.group} of the engine's socket does not exist: {follows}",
        evidence=(Evidence(access.place, f"group {access.group}"), Evidence("/etc/group", "no such group"), *seen),
        detail=access,
        severity=None if access.stops_start else Severity.WARNING,
        stops_start=access.stops_start,
    )
