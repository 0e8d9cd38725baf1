"""Advise how to restart a container without runtime state."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.engine.details import LostState


@fixer(applicability=Applicability.MANUAL)
def runtime_state_missing(detail: LostState) -> Iterator[Action]:
    """Show the commands that end and start the container; its state can't be recreated."""
    yield Advise(
        text=f"kill -9 $(docker inspect -f '{{{{.State.Pid}}}}' {detail.name}), wait until docker ps shows that it ended, then docker start"
        f" {detail.name} (if that fails: systemctl restart docker); its processes end without notice"
    )
