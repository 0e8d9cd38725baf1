"""Ask whether to remove the rule that leaves containers' packets untracked."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.firewall.rule_questions import remove
from doctor.facts.firewall.packet_filter import Firewall
from doctor.facts.firewall.translations import Translation


@fixer(applicability=Applicability.DISRUPTIVE)
def raw_notrack(detail: Translation, firewall: Firewall) -> Iterator[Action]:
    """Offer to remove the rule; show the command where an undo would not be exact."""
    yield from remove(detail.place, firewall)
