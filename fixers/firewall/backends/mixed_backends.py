"""Remove Docker's rules from the backend that it does not use."""

from collections.abc import Iterator

from msgspec.structs import replace

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.firewall.iptables import remove_rules
from doctor.facts.firewall.backends import OtherBackend


@fixer(applicability=Applicability.SAFE)
def mixed_backends(detail: OtherBackend) -> Iterator[Action]:
    """Remove Docker's rules; advise about rules of others.

    A FORWARD policy DROP beside Docker's own rules was set by Docker, when it turned forwarding on. Alone it may be somebody's
    hardening. Containers' packets pass only without it, but then the host forwards everything that the other backend accepts,
    so the administrator must allow that.
    """
    if detail.foreign:
        yield Advise(
            text=f"{detail.saved.save[0]} shows rules that a program created with the other iptables: add them to the backend in use"
            f" (iptables -A …), and remove them there ({detail.saved.save[0].removesuffix('-save')} -D …)"
        )
        return
    policies = (("FORWARD", "ACCEPT"),) if detail.drops else ()
    why = f"Docker does not use {detail.name}"
    if detail.engine_rules:
        yield from remove_rules(detail.saved, detail.engine_rules, why, policies)
        return
    why += "; this host then forwards everything that the backend in use accepts"
    for action in remove_rules(detail.saved, {}, why, policies):
        yield replace(action, risk=Applicability.DISRUPTIVE)
