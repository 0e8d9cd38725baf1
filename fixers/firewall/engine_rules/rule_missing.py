"""Add the missing rules."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.firewall import add_rules
from doctor.facts.firewall.missing import MissingRules
from doctor.facts.firewall.rules import EngineRules


@fixer(applicability=Applicability.SAFE)
def rule_missing(finding: Finding, rules: EngineRules) -> Iterator[Action]:
    """Add what is missing for this subject, in its place; everything else stays."""
    missing: MissingRules = finding.detail
    for family in rules.families:
        if family.version == missing.version:
            yield from add_rules(family, missing.rules, finding.subject.name)
