"""Repair of the host's list of name servers."""

from collections.abc import Iterator

from doctor.api.actions.advice import Advise
from doctor.api.actions.files import MakeSymlink
from doctor.facts.network.dns import RESOLV_CONF
from doctor.model.action import Action, Stage


def link_resolver_list(target: str | None) -> Iterator[Action]:
    """Yield the link of resolv.conf to a list that a program of the host wrote; without one, advice."""
    if target is None:
        yield Advise(
            text="echo nameserver ADDRESS > /etc/resolv.conf, with the address of a server of your network; or systemctl enable --now"
            " systemd-resolved"
        )
        return
    yield MakeSymlink(path=RESOLV_CONF, target=target, what=f"link {RESOLV_CONF} to {target}", stage=Stage.CONFIG)
