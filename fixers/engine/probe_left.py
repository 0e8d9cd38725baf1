"""Remove the instances of tracefs of killed traces; show how to remove what a killed probe left."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.kernel import RemoveInstances
from doctor.facts.starts.leftovers import INSTANCES, LeftInstances, StartLeftovers


@fixer(applicability=Applicability.SAFE)
def probe_left(detail: LeftInstances | None, left: StartLeftovers) -> Iterator[Action]:
    """Remove the instances; advise the probe for starts, as it knows how to undo each, and where tracefs is not mounted."""
    if detail is None:
        yield Advise(text="'doctor probe' removes it")
        return
    kept = tuple(sorted({*left.others, *left.instances} - set(detail.names)))
    yield RemoveInstances(top=INSTANCES, names=detail.names, kept=kept)
