"""Members of the group docker can become root."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.engine.guarded_files import GuardedFiles


@check(
    severity=Severity.INFO,
    security=True,
    ok="the group docker has no members",
    messages=(
        Message(
            pattern=r"Connection aborted\.', PermissionError\(\d+, '[\w ]+'|dial unix \S*docker\.sock: connect: permission denied|permission denied while trying to connect to the docker (?:daemon|API).*?(?:connect: permission denied|/docker\.sock|$)",
            example="docker: permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: dial unix /var/run/docker.sock: connect: permission denied",
            means="this user has no permission for the engine's socket, which belongs to root and the group docker",
            do="use sudo, or add the user with 'usermod -aG docker USER' and log in again; members of that group can become root",
            also=("engine/socket-closed", "engine/socket-group-missing"),
            apart="the groups of this login ('id') and group and mode of the socket ('ls -l /var/run/docker.sock')",
        ),
    ),
)
def docker_group(files: GuardedFiles) -> Iterator[Finding]:
    """Members of the group docker can become root without a password, which many users don't know.

    What it looks at:
        The members of the group docker in /etc/group.

    Why it matters:
        A user with access to the engine's socket can start a container that mounts the host's files. No password is required and
        no log shows it.

    How it is fixed:
        Manually: remove users who don't need it. In rootless mode, each user has a separate engine.

    References:
        https://docs.docker.com/engine/install/linux-postinstall/#manage-docker-as-a-non-root-user
    """
    if files.docker_group:
        names = ", ".join(files.docker_group)
        yield Finding(
            subject=Subject("group", "docker"),
            message=f"members of the group docker can become root without a password: {names}",
            evidence=(Evidence("/etc/group", f"docker: {names}"),),
        )
