"""The MTU of a container network is larger than the uplink's."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.network.links import Links
from doctor.facts.network.networks import Networks


@check(
    severity=Severity.INFO,
    ok="no bridge has a larger MTU than the uplink",
    messages=(
        Message(
            pattern=r"\b(?:https|tls|ssl|http)\b (?:requests?|connections?|downloads?) (?:hangs?|times? out|stalls?).*|\bMTU\b.{0,60}\b(?:bridge|network|container)\w*.*",
            example="https requests hang in 1.10.0",
            means="large packets are lost on the way: the MTU of the container's network is larger than the uplink's",
            do='set "mtu" for the default bridge and "default-network-opts" or the driver option com.docker.network.driver.mtu for user networks, and recreate those',
        ),
    ),
)
def mtu_too_big(networks: Networks, links: Links) -> Iterator[Finding]:
    """The MTU of a network is larger than the uplink's, so large transfers of its containers may hang.

    What it looks at:
        The MTU of each network's bridge and of the interfaces of default routes.

    Why it matters:
        Path MTU discovery usually solves this, so the finding is only a remark. If a firewall drops ICMP "fragmentation needed",
        small replies arrive, but large ones hang: TLS handshakes, image pulls inside builds.

    How it is fixed:
        Manually: set "mtu" in daemon.json for the default network, or the option com.docker.network.driver.mtu when another
        network is created. A TCPMSS rule helps immediately, without a restart.

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
                f"the MTU of network {network.name} is {link.mtu}, but the MTU of {uplink.name} is {uplink.mtu}: "
                "large transfers may hang if path MTU discovery is blocked"
            ),
            evidence=(
                Evidence("ip addr", f"{link.name}: mtu {link.mtu}"),
                Evidence("ip addr", f"{uplink.name}: mtu {uplink.mtu}"),
            ),
        )
