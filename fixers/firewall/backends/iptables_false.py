"""Say where the setting stands."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def iptables_false(finding: Finding) -> Iterator[Action]:
    """Advise: whether dockerd may make rules is a decision, not a fault."""
    yield Advise(
        text=f"take out iptables: false at {finding.detail} and systemctl restart docker, or masquerade its networks with a rule of your own"
    )
