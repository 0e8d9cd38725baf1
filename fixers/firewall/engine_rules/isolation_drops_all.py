"""Move the isolation rules above a foreign one."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.firewall.iptables import lift_rules
from doctor.facts.firewall.cuts import Lift
from doctor.facts.firewall.rules import EngineRules


@fixer(applicability=Applicability.SAFE)
def isolation_drops_all(detail: Lift, rules: EngineRules) -> Iterator[Action]:
    """Move the engine's isolation rules above the foreign rule, which is kept."""
    yield from lift_rules(rules.families[0], detail)
