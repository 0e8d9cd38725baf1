"""Show where the setting is."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.firewall.details import IptablesOff


@fixer(applicability=Applicability.MANUAL)
def iptables_false(detail: IptablesOff) -> Iterator[Action]:
    """Advise: whether dockerd creates rules is a decision of the administrator."""
    yield Advise(
        text=f"remove iptables: false at {detail.place} and systemctl restart docker, or masquerade its networks with a rule of your own"
    )
