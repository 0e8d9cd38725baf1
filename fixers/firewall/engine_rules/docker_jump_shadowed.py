"""Move the engine's rules to the right place."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.firewall.iptables import lift_rules
from doctor.facts.firewall.cuts import Lift
from doctor.facts.firewall.rules import EngineRules


@fixer(applicability=Applicability.SAFE)
def docker_jump_shadowed(detail: Lift, rules: EngineRules) -> Iterator[Action]:
    """Move the engine's rules above the rule that shadows them, which is kept."""
    yield from lift_rules(rules.families[0], detail)
