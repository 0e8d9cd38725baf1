"""Close forwarding for everyone again."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.firewall import set_forward_policy
from doctor.facts.firewall.rules import EngineRules, OpenPolicy


@fixer(applicability=Applicability.SAFE)
def forward_policy_accept(finding: Finding, rules: EngineRules) -> Iterator[Action]:
    """Set the policy to DROP where it was; nothing where it may be meant."""
    found: OpenPolicy | None = finding.detail
    for family in rules.families:
        if found is not None and family.version == found.version:
            yield set_forward_policy(family, "DROP", "it was so before a flush")
