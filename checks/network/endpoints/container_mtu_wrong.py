"""The ends of a container's veth, or its bridge, have too small an MTU."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.path.ends.details import ContainerPlace, MtuWrong
from doctor.facts.path.ends.endpoints import PathEndpoint, PathEndpoints
from doctor.facts.path.namespace import NetLink

_LEAST = 576
"""The size that every IPv4 host must take; TCP does not work well below."""


@check(
    severity=Severity.ERROR,
    detail=MtuWrong,
    breaks=("egress", "port"),
    ends=("mtu",),
    ok="both ends of every running container's veth take packets of the size that the container sends",
)
def container_mtu_wrong(endpoints: PathEndpoints) -> Iterator[Finding]:
    """The host's end of a container's veth takes only smaller packets than the container sends, or an MTU is tiny.

    What it looks at:
        The MTU of both ends of each running container's veth and of its bridge, beside the MTU of the network
        (``com.docker.network.driver.mtu``). An end that is smaller than the network's, but usable and the same on both sides, is
        left alone.

    Why it matters:
        A veth drops packets that are larger than the MTU of either end, and sends no ICMP, so the sender never learns of it: small
        requests work, larger answers never arrive.

    How it is fixed:
        The MTU of the network is set on both ends, and on the bridge if that is smaller. The container does not restart, and
        connections stay open.

    References:
        https://docs.docker.com/engine/network/drivers/bridge/#options
    """
    least: dict[str, int] = {}
    for one in endpoints.items:
        if one.outer is not None:
            least[one.network.bridge] = min(one.outer.mtu, least.get(one.network.bridge, one.outer.mtu))
    for one in endpoints.items:
        if one.inner is None or one.outer is None:
            continue
        wanted, inner, outer = one.network.mtu, one.inner.mtu, one.outer.mtu
        links = [(ContainerPlace(), one.outer)]
        # A container that may set its own interface may want a smaller one.
        links += [] if one.is_free else [(one.place, one.inner)]
        links += [(ContainerPlace(), one.bridge)] if one.bridge is not None else []
        # By itself a bridge takes the smallest MTU of its ports.
        is_bridge_small = one.bridge is not None and one.bridge.mtu < least[one.network.bridge]
        judged = [link.mtu for _, link in links if link is not one.bridge or is_bridge_small]
        if outer < min(inner, wanted) or wanted < inner > outer or min(judged) < min(_LEAST, wanted):
            yield _finding(one, links, wanted)


def _finding(one: PathEndpoint, links: list[tuple[ContainerPlace, NetLink]], wanted: int) -> Finding:
    wrong = [(place, link) for place, link in links if link.mtu < wanted or (place.pid and link.mtu > wanted)]
    least = min(wrong, key=lambda item: item[1].mtu, default=links[0])[1]
    shown = ", ".join(f"{link.name} {link.mtu}" for _, link in links)
    return Finding(
        subject=Subject("container", one.name),
        message=(
            f"the MTU of {least.name} is {least.mtu}, that of network {one.network.name} {wanted}: "
            f"larger packets from and to container {one.name} are dropped"
        ),
        evidence=(Evidence("MTU", shown),),
        detail=MtuWrong(links=tuple((place, link.name, link.mtu) for place, link in wrong), mtu=wanted),
    )
