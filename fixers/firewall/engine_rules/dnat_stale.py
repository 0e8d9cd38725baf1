"""Remove a stale DNAT rule."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.firewall.iptables import remove_rules
from doctor.facts.firewall.details import StaleRule
from doctor.facts.firewall.rules import EngineRules


@fixer(applicability=Applicability.SAFE)
def dnat_stale(detail: StaleRule, rules: EngineRules) -> Iterator[Action]:
    """Remove Docker's own rule for a container that no longer exists."""
    saved = rules.families[0].saved
    yield from remove_rules(saved, {(detail.table, detail.chain): (detail.rule,)}, "it leads to no container")
