"""A container runs and its health check fails."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, check
from doctor.facts.containers.details import OfContainers
from doctor.facts.containers.health import Health, Unhealthy
from doctor.facts.containers.needs import subject_of, titles


@check(
    severity=Severity.ERROR,
    detail=OfContainers,
    ok="no container's health check fails",
    messages=(
        Message(
            pattern=r"dependency failed to start: container \S+ is unhealthy|container \S+ is unhealthy",
            example="dependency failed to start: container db-1 is unhealthy",
            means="the test of the container's HEALTHCHECK fails or takes too long",
            do="see its output with 'docker inspect -f {{json .State.Health}} NAME'",
        ),
    ),
)
def unhealthy(health: Health) -> Iterator[Finding]:
    """A container runs and its health check fails, so its service probably does not answer.

    What it looks at:
        The containers that the running engine lists as unhealthy, with the exit code and the last output of the test, without
        secrets. The engine is asked only if a running container has a health check.

    Why it matters:
        Compose does not start what depends on it, a swarm replaces it, and a proxy may send it no requests. The engine itself
        does not restart an unhealthy container. If the test's own program is missing (curl in a slim image), the
        service may work: that is a warning.

    How it is fixed:
        Manually: the output of the test shows what failed. The advice has the command that shows all of it.

    References:
        https://docs.docker.com/reference/dockerfile/#healthcheck
    """
    groups: dict[tuple[str, int, str], list[Unhealthy]] = {}
    for one in health.items:
        groups.setdefault((one.container.image, one.exit_code, one.output), []).append(one)
    for (image, code, output), members in groups.items():
        some = [one.container for one in members]
        are = "is" if len(some) == 1 else "are"
        yield Finding(
            subject=subject_of(some, f"health check of {image}, exit code {code}"),
            message=f"{titles(some)} {are} unhealthy: {_why(members[0])}",
            evidence=(
                Evidence("last output of the test", output or "none"),
                Evidence("failures in a row", str(max(one.streak for one in members) or "unknown")),
            ),
            severity=Severity.WARNING if members[0].is_broken_test else Severity.ERROR,
            detail=OfContainers(names=tuple(one.title for one in some[:5])),
        )


def _why(one: Unhealthy) -> str:
    if one.is_broken_test:
        return "the program of the health check is missing or can't be executed, so the service may work"
    if one.exit_code < 0:
        return "the health check does not end within its time limit"
    if not one.streak:
        return "the health check fails"
    return f"the health check fails with exit code {one.exit_code}"
