"""Advise how to find out why the tasks of a service fail."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.containers.details import OfContainers


@fixer(applicability=Applicability.MANUAL)
def service_failing(detail: OfContainers) -> Iterator[Action]:
    """Show the commands; only the program's user knows what it lacks."""
    name, last = detail.names
    yield Advise(
        text=f"docker service ps {name} --no-trunc (on a manager); docker logs --tail 50 {last}; correct the cause, then: "
        f"docker service update --force {name}"
    )
