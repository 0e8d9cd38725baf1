"""A user's docker client can't read its own settings."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.registry.clients import DockerClient, DockerClients


@check(
    severity=Severity.WARNING,
    detail=DockerClient,
    ok="docker clients can read their settings",
    messages=(
        Message(
            pattern=r"Error loading config file: \S+: (?:unexpected (?:EOF|end of JSON input)|invalid character .*|EOF|json: .*)|failed to (?:load|parse) (?:docker )?config.*config\.json.*",
            example="WARNING: Error loading config file: /root/.docker/config.json: unexpected EOF",
            means="the client's settings are not valid JSON, often since a full disk or a power loss",
            do="correct the file, or move it away and run 'docker login' again",
        ),
        Message(
            pattern=r"Error loading config file: \S+.*permission denied|(?:open|stat) /\S+/\.docker/(?:config\.json|buildx/\S+|contexts/\S+): permission denied",
            names=("client config",),
            example="WARNING: Error loading config file: /home/me/.docker/config.json: open /home/me/.docker/config.json: permission denied",
            means="the client can't read its own settings, usually because sudo docker created them as root",
            do="give them to the user: 'sudo chown -R \"$USER\": ~/.docker'",
        ),
    ),
)
def client_config_unreadable(clients: DockerClients) -> Iterator[Finding]:
    """A user's docker client can't read its own settings, so logins and contexts of this user have no effect.

    What it looks at:
        ``.docker/config.json`` of root and of users with a home directory in /home: whether it is a JSON object, and whether
        the owner of the home directory may read it.

    Why it matters:
        Each docker command prints "WARNING: Error loading config file", and "docker login" and private pulls fail. sudo keeps
        HOME on some systems: then "sudo docker login" creates the file as root.

    How it is fixed:
        Manually, since it is the user's own file: change its owner, or move it away and log in again.

    References:
        https://docs.docker.com/engine/install/linux-postinstall/
        https://github.com/moby/moby/issues/40175
    """
    for client in clients.items:
        if client.user is not None:
            why = f"{client.closed} belongs to another user and is closed to user {client.user}"
        elif client.problem:
            why = f"{client.path} is not valid JSON"
        else:
            continue
        yield Finding(
            subject=Subject("file", client.path),
            message=f"{why}: logins and contexts of this user have no effect",
            evidence=(Evidence(client.closed or client.path, client.problem or "not readable by its user"),),
            detail=client,
        )
