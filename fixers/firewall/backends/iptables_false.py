"""Say where the setting stands."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.firewall.details import IptablesOff


@fixer(applicability=Applicability.MANUAL)
def iptables_false(detail: IptablesOff) -> Iterator[Action]:
    """Advise: whether dockerd may make rules is a decision, not a fault."""
    yield Advise(
        text=f"take out iptables: false at {detail.place} and systemctl restart docker, or masquerade its networks with a rule of your own"
    )
