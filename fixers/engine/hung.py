"""Say how to learn why the engine hangs."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.engine.details import EngineHung


@fixer(applicability=Applicability.MANUAL)
def hung(detail: EngineHung) -> Iterator[Action]:
    """Its stacks tell why, and a restart ends them: a person decides."""
    yield Advise(
        text=f"kill -USR1 {detail.pid} writes its stacks to a file that its log names; then restart the engine"
    )
