"""Containers send bigger packets than the uplink takes."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.network.links import Links
from doctor.facts.network.networks import Networks


@check(severity=Severity.INFO, ok="no bridge has a bigger MTU than the uplink")
def mtu_too_big(networks: Networks, links: Links) -> Iterator[Finding]:
    """The MTU of a network is bigger than the uplink's, so large transfers of its containers may hang.

    What it looks at:
        The MTU of each network's bridge and of the interfaces that default routes leave by.

    Why it matters:
        With path MTU discovery all works, and that is the usual case: therefore this is a remark. Where a firewall drops ICMP
        "fragmentation needed", small answers arrive and big ones hang for ever: TLS handshakes, image pulls inside builds.

    How it is fixed:
        For the default network set "mtu" in daemon.json; for others the option com.docker.network.driver.mtu when they are
        created. At once, without a restart, a TCPMSS rule helps.

    References:
        https://docs.docker.com/engine/network/drivers/bridge/
    """
    uplinks = links.uplinks()
    if not uplinks:
        return
    uplink = min(uplinks, key=lambda link: link.mtu)
    for network in networks.bridges:
        link = links.link(network.bridge)
        if link is None or network.internal or link.mtu <= uplink.mtu:
            continue
        yield Finding(
            subject=Subject("network", network.name),
            message=(
                f"large transfers of network {network.name} may hang where path MTU discovery is blocked: "
                f"its MTU is {link.mtu}, that of {uplink.name} {uplink.mtu}"
            ),
            evidence=(
                Evidence("ip addr", f"{link.name}: mtu {link.mtu}"),
                Evidence("ip addr", f"{uplink.name}: mtu {uplink.mtu}"),
            ),
        )
