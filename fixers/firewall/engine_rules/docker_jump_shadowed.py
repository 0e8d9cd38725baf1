"""Move the engine's rules to where they are asked."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.firewall import lift_rules
from doctor.facts.firewall.rules import EngineRules


@fixer(applicability=Applicability.SAFE)
def docker_jump_shadowed(finding: Finding, rules: EngineRules) -> Iterator[Action]:
    """Move the engine's rules above what shadows them, which stays."""
    yield from lift_rules(rules.families[0], finding.detail)
