"""A docker client names a credential helper that is not installed."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.registry.clients import DockerClients


@check(
    severity=Severity.WARNING,
    ok="the credential helpers of docker clients are installed",
    messages=(
        Message(
            names=("credential helper",),
            pattern=r'error getting credentials - err: .*|exec: "docker-credential-\S+": executable file not found in \$PATH|Error saving credentials: .*',
            example='error getting credentials - err: exec: "docker-credential-desktop": executable file not found in $PATH, out: ``',
            means="the client's config.json names a program for credentials that is not installed or fails, often a remainder of Docker Desktop",
            do="remove credsStore and credHelpers from ~/.docker/config.json, or install the program",
        ),
    ),
)
def credential_helper_missing(clients: DockerClients) -> Iterator[Finding]:
    """A user's docker client is set to a credential helper that is not installed, so logins and private pulls fail.

    What it looks at:
        ``credsStore`` and ``credHelpers`` in .docker/config.json of root and of the users with a home directory in /home, and
        whether a program ``docker-credential-NAME`` is in the usual directories of programs, or in one of the user's own.

    Why it matters:
        The client starts the program for each login. Without it, "docker login" fails with "Error saving credentials", private
        images can't be pulled, and many builders and docker compose fail with "error getting credentials" even for public
        ones. Docker Desktop leaves "credsStore": "desktop" in place when it is removed.

    How it is fixed:
        Manually: install the program, or remove the line and run "docker login" again; without a helper the client keeps the
        login in this file.

    References:
        https://docs.docker.com/reference/cli/docker/login/#credential-stores
    """
    for client in clients.items:
        for helper in client.missing:
            keys = [key for key, named in client.helpers.items() if named == helper]
            setting = "credsStore" if "" in keys else f"credHelpers of {', '.join(sorted(keys)[:3])}"
            yield Finding(
                subject=Subject("file", client.path),
                message=(
                    f"{client.path} names the credential helper {helper}, but docker-credential-{helper} is not installed: this"
                    " user can't log in to a registry, and can't pull private images"
                ),
                evidence=(Evidence(client.path, f"{setting}: {helper}"),),
            )
