"""Take what is no file out of the place of resolv.conf."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Stage, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.files import MakeSymlink, Quarantine
from doctor.facts.network.dns import RESOLV_CONF, HostDns


@fixer(applicability=Applicability.SAFE)
def resolv_is_directory(dns: HostDns) -> Iterator[Action]:
    """Quarantine it and link the list that a program of the host has written."""
    target = dns.replacement
    if target is None:
        yield Advise(text="mv /etc/resolv.conf /root/ and echo nameserver ADDRESS > /etc/resolv.conf")
        return
    yield Quarantine(path=RESOLV_CONF, why="no container starts while it is no file")
    yield MakeSymlink(
        path=RESOLV_CONF, target=target, what=f"make {RESOLV_CONF} a link to {target}", stage=Stage.CONFIG
    )
