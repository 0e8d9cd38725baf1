"""Recreate the engine's rules."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.firewall.iptables import add_rules
from doctor.facts.firewall.missing_rules import MissingRules
from doctor.facts.firewall.rules import EngineRules


@fixer(applicability=Applicability.SAFE)
def rules_flushed(detail: MissingRules | None, rules: EngineRules) -> Iterator[Action]:
    """Add the missing rules, each at its place; do nothing if the engine's next start creates them."""
    for family in rules.families:
        if detail is not None and family.version == detail.version:
            yield from add_rules(family, detail.rules, "the engine's own rules")
