"""The MTU of an overlay network is too large for the interface between the nodes."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.network.details import OverlayMtu
from doctor.facts.network.links import Links
from doctor.facts.network.swarm import SwarmNetwork


@check(severity=Severity.INFO, detail=OverlayMtu, ok="overlay networks fit the interfaces between the swarm nodes")
def overlay_mtu_too_big(swarm: SwarmNetwork, links: Links) -> Iterator[Finding]:
    """An overlay network is made for a larger MTU than the interface between the nodes has, so large packets are lost.

    What it looks at:
        Each overlay network's option ``com.docker.network.driver.mtu``, 1500 without one, and the MTU of the interfaces that lead
        to other nodes. The engine itself subtracts 50 bytes for VXLAN, and 26 more for encryption.

    Why it matters:
        The first large packets of each connection are lost. It recovers where ICMP "fragmentation needed" arrives, and hangs
        elsewhere: small replies arrive, large ones don't. Interfaces below 1500 bytes are usual in
        clouds, with VPNs and with virtual switches.

    How it is fixed:
        Manually: create the network again with the option; the MTU of an existing one can't be changed. The network "ingress" of
        published ports needs the same.

    References:
        https://docs.docker.com/engine/network/drivers/overlay/#options
        moby/moby: libnetwork/drivers/overlay/ov_network.go, maxMTU
    """
    devices = {link.name: link for peer in swarm.peers if (link := links.link(peer.device)) is not None}
    if not devices:
        return
    least = min(devices.values(), key=lambda link: link.mtu)
    for overlay in swarm.overlays:
        if overlay.mtu <= least.mtu:
            continue
        yield Finding(
            subject=Subject("network", overlay.name),
            message=(
                f"overlay network {overlay.name} is made for an MTU of {overlay.mtu}, but {least.name}, which leads to other swarm"
                f" nodes, has {least.mtu}: large packets between nodes are lost"
            ),
            evidence=(
                Evidence(
                    "GET /networks", f"MTU {overlay.inner_mtu} inside{', encrypted' if overlay.encrypted else ''}"
                ),
                Evidence("ip addr", f"{least.name}: mtu {least.mtu}"),
            ),
            detail=OverlayMtu(network=overlay.name, mtu=least.mtu),
        )
