"""Set the MTU of the host's files or of the last healthy scan, or ask how senders shall learn the smaller one."""

from collections.abc import Iterator
from shlex import quote

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.firewall.packet_size import ask_about_size
from doctor.api.actions.network import ChangeLink
from doctor.facts.path.own.details import MtuSmall
from doctor.facts.path.rule_lists import PathFirewalls


@fixer(applicability=Applicability.SAFE)
def uplink_mtu_small(detail: MtuSmall, firewalls: PathFirewalls | Missing) -> Iterator[Action]:
    """It was larger, and packets arrived; without a known one the rule that hides it from senders is a question."""
    if detail.was:
        yield ChangeLink(
            do=("link", "set", {"dev": detail.device, "mtu": detail.was}),
            undo=("link", "set", {"dev": detail.device, "mtu": detail.mtu}),
            what=f"set the MTU of {detail.device} to {detail.was}",
        )
        return
    asked = () if isinstance(firewalls, Missing) else tuple(ask_about_size(detail, firewalls))
    yield from asked
    if not asked:
        yield Advise(
            text=f"ip link set {quote(detail.device)} mtu MTU, with the MTU of the network that {detail.device} is connected to"
        )
