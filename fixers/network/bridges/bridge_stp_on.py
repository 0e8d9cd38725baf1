"""Turn spanning tree off."""

from collections.abc import Iterator
from shlex import quote

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.details import OfLink


@fixer(applicability=Applicability.MANUAL)
def bridge_stp_on(detail: OfLink) -> Iterator[Action]:
    """Show the command: whoever turned it on should know."""
    yield Advise(text=f"ip link set {quote(detail.name)} type bridge stp_state 0")
