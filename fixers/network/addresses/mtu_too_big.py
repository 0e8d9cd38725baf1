"""Advise how to set a network's MTU to the uplink's."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.network.links import Links


@fixer(applicability=Applicability.MANUAL)
def mtu_too_big(finding: Finding, links: Links) -> Iterator[Action]:
    """Show the setting; the MTU of an existing network can't be changed."""
    mtu = min(link.mtu for link in links.uplinks())
    if finding.subject.name == "bridge":
        text = f'set "mtu": {mtu} in /etc/docker/daemon.json and restart the engine'
    else:
        text = f"recreate the network with --opt com.docker.network.driver.mtu={mtu}"
    yield Advise(
        text=f"if large replies hang: {text}; until then "
        "iptables -t mangle -A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu"
    )
