"""Move the engine's rules above a foreign one."""

from collections.abc import Iterator

from doctor.api import Applicability, Finding, fixer
from doctor.api.actions import Action, lift_rules
from doctor.facts.firewall_rules import EngineRules


@fixer(applicability=Applicability.SAFE)
def foreign_reject_first(finding: Finding, rules: EngineRules) -> Iterator[Action]:
    """Move what stands below the foreign rule above it; the foreign rule stays."""
    yield from lift_rules(rules.families[0], finding.detail)
