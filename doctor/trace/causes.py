"""The meaning of a drop in words. The kernel's reason is a symptom: the words name what it may come from."""

from collections.abc import Mapping

from msgspec import Struct

from doctor.formats.netlink.links import FORWARDING, NetLink

_MTU_FUNCTIONS = ("__dev_forward_skb", "br_dev_queue_push_xmit", "br_forward_finish")
_ROUTE_FUNCTIONS = ("ip_error", "dst_discard", "ip6_pkt_discard", "ip6_pkt_prohibit", "ip_rcv_finish", "ip_local_out")


class DropScene(Struct, frozen=True, kw_only=True):
    """A drop and what is around it.

    Attributes:
        place, device: where the packet was last; ``link`` that device, ``bridge`` the one that it is a port of.
        source, target: addresses of the packet there, without ports.
        icmp: "type/code" of an error that the kernel sent for it, "" for none.
        is_target: whether the place is the one that the trace is for.
        port: destination port.
    """

    version: int
    reason: str
    function: str
    place: str
    device: str
    link: NetLink | None
    bridge: NetLink | None = None
    source: str
    target: str
    icmp: str = ""
    is_target: bool = False
    is_host: bool = False
    port: int = 0


def meaning(scene: DropScene) -> tuple[str, str]:
    """Return a word for programs and what the kernel of the place does, to follow "the kernel of aa" or "the host"."""
    found = _BY_REASON.get(scene.reason)
    if found is not None:
        return found(scene)
    return _unspecified(scene)


def _forwarding(scene: DropScene) -> tuple[str, str]:
    if not scene.is_host:
        return "not-its-address", f"drops it: {scene.target} is not its address, and it forwards nothing"
    family = "ipv4" if scene.version == 4 else "ipv6"
    setting = "net.ipv4.ip_forward" if scene.version == 4 else "net.ipv6.conf.all.forwarding"
    return (
        "forwarding-off",
        f"does not forward what arrives on {scene.device} ({setting} or net.{family}.conf.{scene.device}.forwarding is 0)",
    )


def _no_route(scene: DropScene) -> tuple[str, str]:
    return "no-route", f"has no route to {scene.target}"


def _reverse_path(scene: DropScene) -> tuple[str, str]:
    return (
        "rp-filter",
        f"drops it by its reverse path filter (rp_filter): the route back to {scene.source} does not lead to {scene.device}",
    )


def _local_source(scene: DropScene) -> tuple[str, str]:
    return "local-source", f"drops it: its source {scene.source} is an address of its own"


def _firewall(scene: DropScene) -> tuple[str, str]:
    del scene
    return "rule", "drops it by a firewall rule"


def _other_host(scene: DropScene) -> tuple[str, str]:
    if scene.link is not None and scene.link.kind == "veth" and not scene.link.master:
        return "no-bridge", f"drops it: {scene.device} is not a port of a bridge"
    return "wrong-hardware-address", f"drops it on {scene.device}: it has the hardware address of another device"


def _expired(scene: DropScene) -> tuple[str, str]:
    if scene.function.startswith(("ip_forward", "ip6_forward")):
        return "ttl", "drops it: its time to live (TTL) ends here"
    return "header", "drops it: its IP header is not accepted"


def _too_big(scene: DropScene) -> tuple[str, str]:
    return "mtu", f"drops it: it is larger than the MTU of the next device after {scene.device}"


def _queue(scene: DropScene) -> tuple[str, str]:
    if scene.link is not None and not scene.link.is_up:
        return "device-down", f"drops it: {scene.device} is down"
    return "qdisc", f"drops it in the queue (qdisc) of {scene.device}"


def _port(scene: DropScene) -> tuple[str, str]:
    link = scene.link
    if scene.bridge is not None and not scene.bridge.is_up:
        return "device-down", f"drops it: bridge {scene.bridge.name} is down"
    if link is not None and link.port is not None and link.port.state != FORWARDING:
        states = {0: "disabled", 1: "listening", 2: "learning", 4: "blocking"}
        return (
            "port-disabled",
            f"drops it: bridge port {scene.device} is {states.get(link.port.state, 'not forwarding')}",
        )
    return "port-disabled", f"drops it: bridge port {scene.device} does not forward, or its bridge is down"


def _no_port(scene: DropScene) -> tuple[str, str]:
    if scene.link is not None and scene.link.port is not None and scene.link.port.is_isolated:
        return "isolated", f"drops it: bridge port {scene.device} is isolated"
    return "wrong-hardware-address", f"drops it: no port of the bridge of {scene.device} leads to its hardware address"


def _neighbour(scene: DropScene) -> tuple[str, str]:
    del scene
    return "no-neighbour", "drops it: the next hop does not answer when its hardware address is asked for"


def _no_socket(scene: DropScene) -> tuple[str, str]:
    return (
        "no-socket",
        f"accepts it, but no program listens on port {scene.port}" if scene.port else "has no socket for it",
    )


def _socket_full(scene: DropScene) -> tuple[str, str]:
    del scene
    return "socket-full", "drops it: the receive buffer of the program's socket is full"


def _queue_full(scene: DropScene) -> tuple[str, str]:
    return "accept-queue-full", f"drops it: the program on port {scene.port} has not accepted the connections before it"


def _ipv6_off(scene: DropScene) -> tuple[str, str]:
    return "ipv6-off", f"drops it: IPv6 is disabled on {scene.device} (disable_ipv6)"


def _program(scene: DropScene) -> tuple[str, str]:
    return "program", f"drops it by a program or filter on {scene.device} ({scene.reason})"


_BY_REASON = {
    "IP_INADDRERRORS": _forwarding,
    "IP_INNOROUTES": _no_route,
    "IP_OUTNOROUTES": _no_route,
    "IP_RPFILTER": _reverse_path,
    "IP_LOCAL_SOURCE": _local_source,
    "NETFILTER_DROP": _firewall,
    "OTHERHOST": _other_host,
    "IP_INHDR": _expired,
    "PKT_TOO_BIG": _too_big,
    "QDISC_DROP": _queue,
    "QDISC_OVERLIMIT": _queue,
    "DEV_READY": _queue,
    "BRIDGE_INGRESS_STP_STATE": _port,
    "NO_TX_TARGET": _no_port,
    "NEIGH_FAILED": _neighbour,
    "NEIGH_CREATEFAIL": _neighbour,
    "NEIGH_QUEUEFULL": _neighbour,
    "NEIGH_DEAD": _neighbour,
    "NO_SOCKET": _no_socket,
    "SOCKET_RCVBUFF": _socket_full,
    "TCP_LISTEN_OVERFLOW": _queue_full,
    "IPV6DISABLED": _ipv6_off,
    "TC_INGRESS": _program,
    "TC_EGRESS": _program,
    "XDP": _program,
    "SOCKET_FILTER": _program,
}


def _unspecified(scene: DropScene) -> tuple[str, str]:
    """Judge by the function: before Linux 5.19 and in many places, the kernel gives no reason."""
    function = scene.function
    if function.startswith(_ROUTE_FUNCTIONS):
        return _by_route(scene)
    if function.startswith(_MTU_FUNCTIONS):
        return "mtu", f"drops it after {scene.device}: it is larger than the MTU there, or the other end is down"
    if function == "br_handle_frame_finish":
        if scene.link is not None and scene.link.port is not None and scene.link.port.is_isolated:
            return "isolated", f"drops it: bridge port {scene.device} is isolated"
        return "bridge", f"drops it in the bridge of {scene.device}: no other port may take it (isolation, hairpin)"
    if function == "br_handle_frame":
        return _port(scene)
    if function == "br_dev_xmit":
        return "bridge", f"drops it: {scene.device} has no port that leads to the next hop"
    where = f" ({scene.reason} at {function})" if function or scene.reason else ""
    return "unspecified", f"drops it{where}"


def _by_route(scene: DropScene) -> tuple[str, str]:
    kinds = {"3/0": "no route", "3/1": "an unreachable route", "3/13": "a prohibit route or rule of routing"}
    if scene.icmp in kinds:
        return "no-route" if scene.icmp == "3/0" else "route-discards", f"has {kinds[scene.icmp]} for {scene.target}"
    return (
        "route-discards",
        "drops it by its routing: a blackhole route, a rule of routing, or a source address that is not accepted",
    )


REFUSALS: Mapping[str, tuple[str, str]] = {
    "ENETUNREACH": ("no-route", "has no route to {target}"),
    "EHOSTUNREACH": ("route-discards", "has an unreachable route for {target}"),
    "EACCES": ("route-discards", "has a prohibit route or rule of routing for {target}"),
    "EINVAL": ("route-discards", "has a blackhole route for {target}"),
    "EPERM": ("rule", "drops it by a firewall rule in OUTPUT"),
    "EMSGSIZE": ("mtu", "refuses it: it is larger than the MTU of the first device"),
    "ENETDOWN": ("device-down", "refuses it: the first device is down"),
    "EADDRNOTAVAIL": ("no-address", "has no address to send it from"),
    "ENOBUFS": ("qdisc", "drops it in the queue of the first device"),
    "EAFNOSUPPORT": ("no-protocol", "does not support this version of IP"),
}
"""The meaning of an error number of the sender."""

ICMP_MEANINGS: Mapping[tuple[int, int, int], tuple[str, str]] = {
    (4, 3, 0): ("no-route", ": no route"),
    (4, 3, 1): ("route-discards", ": an unreachable route, or a next hop that does not answer"),
    (4, 3, 3): ("no-socket", ": no program listens on the port"),
    (4, 3, 4): ("mtu", ": larger than the MTU of the next device"),
    (4, 3, 9): ("rule", ": prohibited"),
    (4, 3, 10): ("rule", ": prohibited"),
    (4, 3, 13): ("route-discards", ": prohibited by a route or a rule"),
    (4, 11, 0): ("ttl", ": its time to live ended"),
    (6, 1, 0): ("no-route", ": no route"),
    (6, 1, 1): ("rule", ": prohibited"),
    (6, 1, 3): ("route-discards", ": an unreachable route, or a next hop that does not answer"),
    (6, 1, 4): ("no-socket", ": no program listens on the port"),
    (6, 2, 0): ("mtu", ": larger than the MTU of the next device"),
    (6, 3, 0): ("ttl", ": its hop limit ended"),
}
"""The meaning of an ICMP error, by version, type and code: a word for programs, and words for people."""
