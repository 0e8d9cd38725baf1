"""The engine's socket is closed to the group in its settings."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.engines.docker import places as docker
from doctor.facts.engine.socket_access import SocketAccess
from doctor.facts.engine.state import EngineState


@check(severity=Severity.WARNING, detail=SocketAccess, ok="the engine's socket is open to the group in its settings")
def socket_closed(access: SocketAccess, state: EngineState) -> Iterator[Finding]:
    """The engine's socket has another group or mode than in its settings, so members of that group can't use it.

    What it looks at:
        Group and mode of /var/run/docker.sock, against ``SocketGroup=`` and ``SocketMode=`` of docker.socket if the engine
        listens on ``fd://``, otherwise against the setting ``group``.

    Why it matters:
        Members get "permission denied while trying to connect to the Docker daemon socket" although they are in the group. The
        cause is a chmod, a chown of /run, or a group that was created after the engine's start. The engine's next start also
        corrects it.

    How it is fixed:
        Group and mode are set to the values in the settings; nothing restarts.

    References:
        https://docs.docker.com/engine/install/linux-postinstall/#manage-docker-as-a-non-root-user
    """
    if access.found is None or not access.is_closed or state.status not in {"running", "idle"}:
        return
    mode, uid, gid = access.found
    # Podman, a rootless engine or a proxy may have its own link or socket here, which doctor must not open.
    is_own = state.pid > 0 or state.status == "idle"
    if uid != 0 or not is_own or access.path not in docker.SOCKETS:
        return
    yield Finding(
        subject=Subject("file", access.path),
        message=f"{access.path} is closed to the group {access.group}: its members can't use the engine",
        evidence=(
            Evidence(access.path, f"mode {mode:04o}, owner {uid}:{gid}"),
            Evidence(access.place, f"group {access.group} ({access.gid}), mode {access.mode:04o}"),
        ),
        detail=access,
    )
