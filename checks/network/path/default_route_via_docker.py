"""The host's default route leads to containers."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.network.links import Links, Route
from doctor.facts.network.networks import Networks
from doctor.facts.path.details import DockerRoute


@check(
    severity=Severity.ERROR,
    detail=DockerRoute,
    breaks=("egress",),
    ok="no default route of the host leads to the engine's interfaces",
)
def default_route_via_docker(links: Links, networks: Networks) -> Iterator[Finding]:
    """A default route of the host leads to the engine's bridge or to a container's veth, so packets to the outside are lost.

    What it looks at:
        The IPv4 default routes of the main table. One over the address of a running container is left out: a container may be the
        gateway on purpose. So is a bridge with other ports than containers, such as the host's uplink.

    Why it matters:
        DHCP clients, NetworkManager, systemd-networkd and avahi-autoipd treat docker0, br-… and veth… as ordinary interfaces unless
        they are configured not to, and add routes there. If such a route is the best one, the host and all its containers reach nothing outside.

    How it is fixed:
        The route is removed if another default route exists. To keep it away: in NetworkManager
        unmanaged-devices=interface-name:docker0;interface-name:br-*;interface-name:veth*, in systemd-networkd a .network file with
        Name=docker0 br-* veth* and Unmanaged=yes.

    References:
        https://man7.org/linux/man-pages/man8/ip-route.8.html
    """
    bridges = {network.bridge for network in networks.bridges}
    bridges.update(link.name for link in links.engine_bridges())
    bridges = {bridge for bridge in bridges if not links.leads_out(bridge)}
    devices = bridges | {link.name for link in links.links if link.kind == "veth" and link.master in bridges}
    gateways = {endpoint.ip.partition("/")[0] for endpoint in networks.running}
    routes = links.defaults
    best = routes[0].metric if routes else 0
    for route in routes:
        if route.device not in devices or (route.gateway and route.gateway in gateways):
            continue
        others = [other for other in routes if other.device not in devices]
        yield _finding(route, others, is_best=route.metric == best)


def _finding(route: Route, others: list[Route], *, is_best: bool) -> Finding:
    over = f" over {route.gateway}" if route.gateway else ""
    effect = (
        "the host and its containers reach nothing outside"
        if is_best
        else "it is used as soon as the better one is gone"
    )
    return Finding(
        subject=Subject(
            "route", f"default{over} dev {route.device}" + (f" metric {route.metric}" if route.metric else "")
        ),
        message=f"a default route of the host leads to containers, {route.device}{over}: {effect}",
        severity=None if is_best else Severity.WARNING,
        evidence=(
            Evidence("ip route", f"default{over} dev {route.device} metric {route.metric}"),
            *(
                Evidence("ip route", f"default over {other.gateway} dev {other.device} metric {other.metric}")
                for other in others[:2]
            ),
        ),
        detail=DockerRoute(
            destination="default",
            device=route.device,
            gateway=route.gateway,
            metric=route.metric,
            has_other=bool(others),
            protocol=route.protocol,
            source=route.source,
        ),
    )
