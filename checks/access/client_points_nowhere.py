"""A user's docker commands are for an engine that does not exist."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.access.clients import ClientEndpoint, ClientEndpoints


@check(
    severity=Severity.WARNING,
    detail=ClientEndpoint,
    ok="the engine that each user's client settings name exists",
    messages=(
        Message(
            pattern=r"(?:Cannot connect to the Docker daemon at|failed to connect to the docker API at) (?:unix://)?/\S+/(?:\.docker/(?:desktop|run)|\.colima|\.orbstack|\.rd)/\S+ Is the docker daemon running|(?:open|stat|dial unix) /\S+/\.docker/(?:desktop|run)/docker\.sock\b.*|failed to connect to the docker API at unix:///\S+/\.(?:docker/(?:desktop|run)|colima|orbstack|rd)/.*",
            example="docker: Cannot connect to the Docker daemon at unix:///home/me/.docker/desktop/docker.sock. Is the docker daemon running?.",
            names=(
                "docker context",
                "context",
                "docker desktop",
            ),
            means="the client uses the socket of Docker Desktop or of another program that does not run, because of its context or DOCKER_HOST",
            do="run 'docker context use default' and 'unset DOCKER_HOST' for the engine of this host, or start that program",
            also=("engine/down",),
        ),
        Message(
            pattern=r"Cannot connect to the Docker daemon at tcp://(?:localhost|127\.|0\.0\.0\.0).*|failed to connect to the docker API at tcp://(?:localhost|127\.|0\.0\.0\.0).*",
            example="Cannot connect to the Docker daemon at tcp://localhost:2375. Is the docker daemon running?",
            means="DOCKER_HOST, often a remainder of WSL 1 or docker-machine, names a TCP port of this host where no engine listens",
            do="run 'unset DOCKER_HOST', and remove the line from the shell's start files",
            also=("engine/down",),
        ),
        Message(
            pattern=r"(?:(?:Failed to initialize: )?unable to resolve docker endpoint: |Could not read CA certificate .*)open \S+/ca\.pem: .*",
            example="unable to resolve docker endpoint: open /home/me/.docker/machine/machines/default/ca.pem: no such file or directory",
            names=("docker-machine",),
            means="DOCKER_TLS_VERIFY and DOCKER_CERT_PATH, often a remainder of docker-machine, name a certificate that does not exist",
            do="run 'unset DOCKER_TLS_VERIFY DOCKER_CERT_PATH DOCKER_HOST', and remove these lines from the shell's start files",
        ),
        Message(
            pattern=r'current context "[^"]*" is not found on the file system.*|context "[^"]*": context not found: open .*|Unable to resolve docker endpoint: context not found.*|Failed to initialize: unable to resolve docker endpoint: .*',
            example='Failed to initialize: unable to resolve docker endpoint: context "desktop-linux": context not found: open /home/me/.docker/contexts/meta/fe9c6bd7a66301f49ca9b6a70b217107cd1284598bfc254700c989b916da791e/meta.json: no such file or directory',
            means="the client's chosen context no longer exists",
            do="run 'docker context use default', and look for DOCKER_CONTEXT in the environment",
        ),
        Message(
            pattern=r"Cannot connect to the Docker daemon at (?:unix://)?/run/user/\d+/docker\.sock.*|failed to connect to the docker API at unix:///run/user/\d+/docker\.sock.*|dial unix /run/user/\d+/docker\.sock: connect: .*",
            example="Cannot connect to the Docker daemon at unix:///run/user/1000/docker.sock. Is the docker daemon running?",
            means="the client uses the user's own rootless engine, which does not run",
            do="run 'systemctl start docker --user' as that user, or 'docker context use default' and 'unset DOCKER_HOST' for the engine of this host",
        ),
    ),
)
def client_points_nowhere(clients: ClientEndpoints) -> Iterator[Finding]:
    """A user's docker commands are for an engine that does not exist, so they all fail although the engine runs.

    What it looks at:
        DOCKER_HOST and DOCKER_CONTEXT in /etc/environment, in /etc/profile.d and, as plain exports, in the start files of users'
        shells; else ``currentContext`` of ``.docker/config.json`` with the context's address. Of addresses on this host, whether
        a process listens there. With DOCKER_TLS_VERIFY, whether ca.pem exists in DOCKER_CERT_PATH. Doctor reads other users'
        files only as root.

    Why it matters:
        "Cannot connect to the Docker daemon at unix:///home/me/.docker/desktop/docker.sock" remains after Docker Desktop, Colima or
        a rootless engine was removed: the chosen context stays. sudo works, because root has another setting. The variables of
        docker-machine remain in start files in the same way: "open .../machines/default/ca.pem: no such file or directory".

    How it is fixed:
        Manually: select the context "default", or remove the line. Whether the other program should run is the user's decision.

    References:
        https://docs.docker.com/engine/manage-resources/contexts/
    """
    for one in clients.dead:
        name = f"{one.setting} of user {one.user}" if one.user else one.setting
        chosen = "set" if one.setting.isupper() else "chosen"
        leads = f"leads to {one.address}, but {one.problem}" if one.address else f"is {chosen}, but {one.problem}"
        yield Finding(
            subject=Subject("client", f"{one.user or 'all users'}: {one.setting}"),
            message=f"{name} {leads}: {'their' if one.user else 'all'} docker commands fail",
            evidence=(Evidence(one.file, one.setting if not one.address else f"{one.setting}: {one.address}"),),
            detail=one,
        )
