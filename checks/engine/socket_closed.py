"""The engine's socket is closed to the group that its settings give it to."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.engine.socket_access import SocketAccess
from doctor.facts.engine.state import EngineState


@check(
    severity=Severity.WARNING, detail=SocketAccess, ok="the engine's socket is open to the group that its settings name"
)
def socket_closed(access: SocketAccess, state: EngineState) -> Iterator[Finding]:
    """The engine's socket has another group or mode than its settings say, so members of that group can't use it.

    What it looks at:
        Group and mode of /var/run/docker.sock, against ``SocketGroup=`` and ``SocketMode=`` of docker.socket where the engine
        listens on ``fd://``, else against the setting ``group``.

    Why it matters:
        Members get "permission denied while trying to connect to the Docker daemon socket", though their group is right. A chmod,
        a chown of /run, or a group that was made after the engine's start do this. The engine's next start sets it as here.

    How it is fixed:
        Group and mode are set as the settings say; nothing restarts.

    References:
        https://docs.docker.com/engine/install/linux-postinstall/#manage-docker-as-a-non-root-user
    """
    if access.found is None or not access.is_closed or state.status not in {"running", "idle"}:
        return
    mode, uid, gid = access.found
    # Podman, a rootless engine or a proxy may have put a link or a socket of its own here: that is not dockerd's to open.
    is_own = state.pid > 0 or state.status == "idle"
    if uid != 0 or not is_own or access.path not in {"/run/docker.sock", "/var/run/docker.sock"}:
        return
    yield Finding(
        subject=Subject("file", access.path),
        message=f"members of the group {access.group} get permission denied: {access.path} is closed to them",
        evidence=(
            Evidence(access.path, f"mode {mode:04o}, owner {uid}:{gid}"),
            Evidence(access.place, f"group {access.group} ({access.gid}), mode {access.mode:04o}"),
        ),
        detail=access,
    )
