"""Set the policy of FORWARD to DROP again."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.firewall.iptables import set_forward_policy
from doctor.facts.firewall.rules import EngineRules, OpenPolicy


@fixer(applicability=Applicability.SAFE)
def forward_policy_accept(detail: OpenPolicy | None, rules: EngineRules) -> Iterator[Action]:
    """Set the policy to DROP if it was DROP; do nothing if ACCEPT may be intended."""
    for family in rules.families:
        if detail is not None and family.version == detail.version:
            yield set_forward_policy(family, "DROP", "it was DROP before a flush")
