"""Remove rules and routes of killed test containers."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.firewall.iptables import remove_rules
from doctor.api.actions.network import ChangeLink
from doctor.facts.firewall.details import LeftRoute, LeftRules
from doctor.facts.firewall.packet_filter import Firewall


@fixer(applicability=Applicability.SAFE)
def doctor_leftovers(detail: LeftRules | LeftRoute, firewall: Firewall) -> Iterator[Action]:
    """Remove the rules with the dead run's token, or the route."""
    if isinstance(detail, LeftRoute):
        yield ChangeLink(
            do=("route", "del", {"dst": detail.destination, "dev": detail.device}),
            undo=("route", "add", {"dst": detail.destination, "dev": detail.device}),
            what=f"remove the route to {detail.destination} of a killed test container",
        )
        return
    rules: dict[tuple[str, str], tuple[str, ...]] = {}
    for mark in detail.marks:
        place = (mark.table, mark.chain)
        rules[place] = (*rules.get(place, ()), mark.rule)
    if firewall.v4 is not None:
        yield from remove_rules(firewall.v4, rules, "the container no longer exists", of="a killed test container")
