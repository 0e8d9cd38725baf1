"""Say how the other engine's rules go."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def rules_of_another_engine(finding: Finding) -> Iterator[Action]:
    """Advise: which generation's rules are right is known when the engine makes them."""
    flushes = "; ".join(f"iptables -F {chain}" for chain in finding.detail)
    yield Advise(
        text=f"flush the other engine's chains and let docker make its own rules: {flushes}; systemctl restart docker"
    )
