"""Show how to remove the other engine's rules."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.firewall.details import OtherChains


@fixer(applicability=Applicability.MANUAL)
def rules_of_another_engine(detail: OtherChains) -> Iterator[Action]:
    """Advise: the engine's own start shows which rules are right."""
    flushes = "; ".join(f"iptables -F {chain}" for chain in detail.names)
    yield Advise(
        text=f"flush the other engine's chains, then let docker create its own rules: {flushes}; systemctl restart docker"
    )
