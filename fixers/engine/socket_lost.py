"""Restart the engine so that it binds its socket's path."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.engine import RestartEngine
from doctor.facts.engine.state import Engines


@fixer(applicability=Applicability.SAFE)
def socket_lost(finding: Finding, engines: Engines | Missing) -> Iterator[Action]:
    """Restart the engine: it binds the path only at its start. Another engine's socket is not taken from it."""
    if not isinstance(engines, Missing) and engines.rivals:
        yield Advise(text="stop one of the two engines first (see access/two-engines), then systemctl restart docker")
        return
    yield RestartEngine(reason=f"it listens at {finding.subject.name} again")
