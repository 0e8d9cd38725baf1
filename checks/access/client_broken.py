"""The docker command can't be executed."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.access.client_programs import BrokenClient, ClientPrograms


@check(
    severity=Severity.ERROR,
    detail=BrokenClient,
    ok="the docker command and its plugins can be executed",
    messages=(
        Message(
            pattern=r"docker: '(?:buildx|compose)' is not a docker command|unknown command: docker (?:buildx|compose)",
            example="docker: 'buildx' is not a docker command.",
            means="the plugin of the docker command is not installed, or its file can't be executed",
            do="install or reinstall the package of the plugin (docker-buildx-plugin, docker-compose-plugin)",
        ),
    ),
)
def client_broken(programs: ClientPrograms) -> Iterator[Finding]:
    """The file of the docker command or of one of its plugins can't be executed, so users' commands fail although the engine works.

    What it looks at:
        The first ``docker`` in the usual search path, and the files in the system's directories of plugins: header, length,
        interpreter and libraries. Nothing is run.

    Why it matters:
        The engine and running containers are not affected, but every docker command of users and scripts fails. A broken plugin is
        ignored silently: ``docker buildx`` and ``docker compose`` are "not a docker command".

    How it is fixed:
        Manually: reinstall the package that has the file.

    References:
        https://docs.docker.com/engine/install/
    """
    for one in programs.broken:
        yield Finding(
            subject=Subject("program", one.name),
            message=f"{one.path} is {_is(one.problem)}: every '{one.name}' command fails",
            evidence=(Evidence(one.path, one.problem),),
            severity=Severity.WARNING if one.is_plugin else None,
            detail=one,
        )


def _is(problem: str) -> str:
    return problem if problem.startswith(("not ", "empty", "truncated", "a program")) else f"unusable ({problem})"
