"""Remove what killed test containers left on the network."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.firewall import remove_rules
from doctor.api.actions.network import ChangeLink
from doctor.facts.firewall.packet_filter import Firewall
from doctor.facts.network.doctor_runs import Mark


@fixer(applicability=Applicability.SAFE)
def doctor_leftovers(finding: Finding, firewall: Firewall) -> Iterator[Action]:
    """Remove the rules that bear the dead run's token, or the route."""
    if finding.subject.kind == "route":
        destination, device = finding.detail
        yield ChangeLink(
            do=("route", "del", {"dst": destination, "dev": device}),
            undo=("route", "add", {"dst": destination, "dev": device}),
            what=f"remove the route to {destination} of a killed test container",
        )
        return
    rules: dict[tuple[str, str], tuple[str, ...]] = {}
    marks: tuple[Mark, ...] = finding.detail
    for mark in marks:
        place = (mark.table, mark.chain)
        rules[place] = (*rules.get(place, ()), mark.rule)
    if firewall.v4 is not None:
        yield from remove_rules(firewall.v4, rules, "their container is gone", of="a killed container of doctor's")
