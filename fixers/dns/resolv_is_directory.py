"""Replace a resolv.conf that is not a file with a link to a server list."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Stage, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.files import MakeSymlink, Quarantine
from doctor.facts.network.dns import RESOLV_CONF, HostDns


@fixer(applicability=Applicability.SAFE)
def resolv_is_directory(dns: HostDns) -> Iterator[Action]:
    """Quarantine resolv.conf and link the list that a program of the host has written."""
    target = dns.replacement
    if target is None:
        yield Advise(text="mv /etc/resolv.conf /root/ && echo nameserver ADDRESS > /etc/resolv.conf")
        return
    yield Quarantine(path=RESOLV_CONF, why="it is not a file, so no container starts")
    yield MakeSymlink(
        path=RESOLV_CONF, target=target, what=f"make {RESOLV_CONF} a link to {target}", stage=Stage.CONFIG
    )
