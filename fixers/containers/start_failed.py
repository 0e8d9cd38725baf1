"""Start a container whose start failed, if its cause is gone."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.containers import StartContainer
from doctor.facts.containers.details import StartError


@fixer(applicability=Applicability.DISRUPTIVE)
def start_failed(detail: StartError) -> Iterator[Action]:
    """Start it if what was missing is there now; else show the command, because only the user knows how to correct the error."""
    for one in detail.startable:
        yield StartContainer(identity=one.identity, name=one.name, config_path=one.path, reason=one.reason)
    if detail.startable:
        return
    remedy = detail.do or "correct the error that the engine recorded"
    yield Advise(text=f"{remedy}, then: docker start {' '.join(detail.names)}")
