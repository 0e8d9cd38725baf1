"""Advise how to find the reason of a restart loop."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.containers.details import LoopOfContainers


@fixer(applicability=Applicability.MANUAL)
def restart_loop(detail: LoopOfContainers) -> Iterator[Action]:
    """Show the commands; only the program's user knows what it lacks."""
    first, names = detail.names[0], " ".join(detail.names)
    end = "" if detail.has_ended else f"; to end the loop meanwhile: docker stop {names}"
    yield Advise(text=f"read the reason: docker logs --tail 50 {first}; correct it, then: docker restart {names}{end}")
