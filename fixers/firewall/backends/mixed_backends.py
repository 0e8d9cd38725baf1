"""Clear Docker's leftovers out of the backend it does not use."""

from collections.abc import Iterator

from msgspec.structs import replace

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.firewall import remove_rules
from doctor.facts.firewall.backends import OtherBackend


@fixer(applicability=Applicability.SAFE)
def mixed_backends(detail: OtherBackend) -> Iterator[Action]:
    """Take out what is Docker's; say what to do where rules are others'.

    A FORWARD policy of DROP beside Docker's own rules is Docker's (it sets it where it turned forwarding on). Alone it may be
    somebody's hardening: lifting it is the only way for a container's packet, and lets the host forward everything that the
    other backend lets through, so a person has to allow that.
    """
    if detail.foreign:
        yield Advise(
            text=f"{detail.saved.save[0]} shows rules of something that was set up with the other iptables: add them to the backend in use"
            f" (iptables -A …), and take them out there ({detail.saved.save[0].removesuffix('-save')} -D …)"
        )
        return
    policies = (("FORWARD", "ACCEPT"),) if detail.drops else ()
    why = f"Docker does not use {detail.name}"
    if detail.engine_rules:
        yield from remove_rules(detail.saved, detail.engine_rules, why, policies)
        return
    why += "; this host then forwards all that the backend in use lets through"
    for action in remove_rules(detail.saved, {}, why, policies):
        yield replace(action, risk=Applicability.DISRUPTIVE)
