"""Users who are root by membership."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.engine.guarded_files import GuardedFiles


@check(severity=Severity.INFO, ok="nobody is root by membership of the group docker")
def docker_group(files: GuardedFiles) -> Iterator[Finding]:
    """Members of the group docker are root in all but name, and may not know it.

    What it looks at:
        The members of the group docker in /etc/group.

    Why it matters:
        Whoever may use the engine's socket can start a container with the host's files in it. No password is asked and no log
        tells it.

    How it is fixed:
        By a person: take out who does not need it; rootless mode gives each user an engine of their own.

    References:
        https://docs.docker.com/engine/install/linux-postinstall/#manage-docker-as-a-non-root-user
    """
    if files.docker_group:
        names = ", ".join(files.docker_group)
        yield Finding(
            subject=Subject("group", "docker"),
            message=f"{names} can become root without a password: they are in the group docker",
            evidence=(Evidence("/etc/group", f"docker: {names}"),),
        )
