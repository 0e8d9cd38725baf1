"""Make systemd-networkd leave the engine's interfaces alone."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.managers.unmanaged import leave_alone
from doctor.facts.network.takers import BridgeTaker


@fixer(applicability=Applicability.SAFE)
def networkd_takes_bridge(detail: BridgeTaker) -> Iterator[Action]:
    """Write a file that is read before the other one."""
    for action in leave_alone(detail):
        # Alone, the advice waits for a person.
        yield Advise(text=action.text) if isinstance(action, Advise) else action
