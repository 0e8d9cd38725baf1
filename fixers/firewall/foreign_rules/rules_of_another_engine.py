"""Say how the other engine's rules go."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.firewall.details import OtherChains


@fixer(applicability=Applicability.MANUAL)
def rules_of_another_engine(detail: OtherChains) -> Iterator[Action]:
    """Advise: which generation's rules are right is known when the engine makes them."""
    flushes = "; ".join(f"iptables -F {chain}" for chain in detail.names)
    yield Advise(
        text=f"flush the other engine's chains and let docker make its own rules: {flushes}; systemctl restart docker"
    )
