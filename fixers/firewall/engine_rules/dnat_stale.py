"""Take out a translation that leads nowhere."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.firewall import remove_rules
from doctor.facts.firewall.rules import EngineRules


@fixer(applicability=Applicability.SAFE)
def dnat_stale(finding: Finding, rules: EngineRules) -> Iterator[Action]:
    """Remove Docker's own rule for a container that is gone."""
    stale = finding.detail
    saved = rules.families[0].saved
    yield from remove_rules(saved, {(stale.table, stale.chain): (stale.rule,)}, "it leads to no container")
