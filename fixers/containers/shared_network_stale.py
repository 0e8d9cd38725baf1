"""Advise how to give containers the present network of the one that they share it with."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.containers.details import SharedNetwork


@fixer(applicability=Applicability.MANUAL)
def shared_network_stale(detail: SharedNetwork) -> Iterator[Action]:
    """Show the commands; when a service may be interrupted is the user's choice."""
    restart = f"docker restart {' '.join(detail.names)}"
    yield Advise(text=restart if detail.runs else f"docker start {detail.owner} && {restart}")
