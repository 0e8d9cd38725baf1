"""Ask whether to remove a rule that takes a published port's packets, or show how to separate the port from it."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import set_aside
from doctor.api.actions.firewall.rule_questions import remove
from doctor.facts.firewall.cuts import Hijack
from doctor.facts.firewall.ends.rule_place import RulePlace
from doctor.facts.firewall.packet_filter import Firewall
from doctor.facts.firewall.translations import Translation


@fixer(applicability=Applicability.DISRUPTIVE)
def nat_hijack(detail: Hijack | Translation, firewall: Firewall) -> Iterator[Action]:
    """Ask: the rule belongs to somebody, who must remove it where it is created."""
    if isinstance(detail, Translation):
        yield from remove(detail.place, firewall)
        return
    instead = f"otherwise {set_aside(detail.container)}; create {detail.container} again with another port"
    saved = firewall.v4
    place = RulePlace(
        family="ip",
        table="nat",
        chain=detail.chain,
        backend=saved.save[0] if saved else "iptables-save",
        text=detail.rule,
    )
    yield from remove(place, firewall, instead=instead)
