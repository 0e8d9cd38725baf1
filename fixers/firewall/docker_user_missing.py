"""Make the administrator's chain be asked again."""

from collections.abc import Iterator

from doctor.api import Applicability, Finding, fixer
from doctor.api.actions import Action, add_rules
from doctor.facts.firewall_missing import MissingRules
from doctor.facts.firewall_rules import EngineRules


@fixer(applicability=Applicability.SAFE)
def docker_user_missing(finding: Finding, rules: EngineRules) -> Iterator[Action]:
    """Make the chain if it is gone, and the jump at the top of FORWARD; rules in the chain stay."""
    missing: MissingRules = finding.detail
    for family in rules.families:
        if family.version == missing.version:
            yield from add_rules(family, missing.rules, "the chain for an administrator's own rules is asked first")
