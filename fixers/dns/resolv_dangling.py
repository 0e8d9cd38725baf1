"""Let resolv.conf lead somewhere."""

from collections.abc import Iterator

from doctor.api import Applicability, Finding, fixer
from doctor.api.actions import Action, Advise, MakeSymlink, Stage
from doctor.facts.dns import RESOLV_CONF, HostDns


@fixer(applicability=Applicability.SAFE)
def resolv_dangling(finding: Finding, dns: HostDns) -> Iterator[Action]:
    """Link the list that a program of the host has written; without one, say what to write."""
    del finding
    target = dns.replacement
    if target is None:
        yield Advise(
            text='write "nameserver ADDRESS" with the address of a server of your network to /etc/resolv.conf, or start systemd-resolved'
        )
        return
    yield MakeSymlink(
        path=RESOLV_CONF, target=target, what=f"make {RESOLV_CONF} a link to {target}", stage=Stage.CONFIG
    )
