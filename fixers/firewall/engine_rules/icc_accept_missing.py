"""Add the missing rule."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.firewall.iptables import add_rules, purpose
from doctor.facts.firewall.missing_rules import MissingRules
from doctor.facts.firewall.rules import EngineRules


@fixer(applicability=Applicability.SAFE)
def icc_accept_missing(finding: Finding, detail: MissingRules, rules: EngineRules) -> Iterator[Action]:
    """Add the missing rules of this subject at their place; change no other rule."""
    for family in rules.families:
        if family.version == detail.version:
            yield from add_rules(family, detail.rules, purpose(finding.subject))
