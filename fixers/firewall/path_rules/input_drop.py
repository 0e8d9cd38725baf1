"""Ask whether the firewall of the host shall end packets to published ports."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.firewall.rule_questions import asked
from doctor.facts.firewall.rule_cuts import RuleCut
from doctor.facts.path.rule_lists import PathFirewalls


@fixer(applicability=Applicability.DISRUPTIVE)
def input_drop(detail: RuleCut, firewalls: PathFirewalls) -> Iterator[Action]:
    """Offer an accept in front of the rule, and its removal; where neither is possible, show the command."""
    yield from asked(detail, firewalls)
