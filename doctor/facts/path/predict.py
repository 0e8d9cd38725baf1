"""The state of a network namespace after changes of its links, addresses, routes and neighbours."""

from ipaddress import IPv4Interface, IPv6Interface, ip_address, ip_interface, ip_network

from msgspec.structs import replace

from doctor.facts.path.namespace import (
    BridgePort,
    ForwardingEntry,
    Neighbour,
    NetAddress,
    NetLink,
    NetNamespace,
    NetRoute,
    Qdisc,
)
from doctor.facts.path.own.predict_rules import after_rule
from doctor.formats.netlink.links import LOWER_UP, NO_ARP, UP
from doctor.formats.netlink.route_requests import hops_of
from doctor.formats.netlink.routes import KERNEL, LOCAL, MAIN, ONLINK

Request = tuple[str, str, dict[str, str | int]]
"""(object, command, arguments) of one rtnetlink request, as ``doctor.api.actions.ChangeLink`` has them."""
_PORT_SETTINGS = {
    "isolated": "is_isolated",
    "mode": "is_hairpin",
    "learning": "learns",
    "unicast_flood": "floods",
    "bcast_flood": "floods_broadcasts",
    "mcast_flood": "floods_multicasts",
    "locked": "is_locked",
}
"""Names of a port's settings in a request, and the fields that they set."""
_BOOT = 3
"""RTPROT_BOOT of include/uapi/linux/rtnetlink.h."""


def after(namespace: NetNamespace, request: Request) -> NetNamespace:
    """Return the namespace after one request; an unknown one changes nothing.

    The kernel's side effects are included: an address has a connected and a local route, a link that goes down loses its routes.
    """
    kind, command, arguments = request
    if kind == "rules":
        counts = {place: int(count) for place, count in arguments.items()}
        tables = {(family, table) for family, table, _ in map(str.split, counts)}
        return replace(namespace, nft_rules=counts, nft_tables=tuple(sorted(tables | set(namespace.nft_tables))))
    if kind == "rule":
        return after_rule(namespace, command, arguments)
    return _after_link(namespace, request)


def _after_link(namespace: NetNamespace, request: Request) -> NetNamespace:
    kind, command, arguments = request
    if kind == "setting":
        return replace(
            namespace, sysctls={**namespace.sysctls, **{key: str(value) for key, value in arguments.items()}}
        )
    device = str(arguments.get("dev", ""))
    link = namespace.named(device)
    if (kind, command) == ("link", "add"):
        return namespace if link else _with_link(namespace, device, arguments)
    if kind == "route":
        return _route(namespace, link, command, arguments)
    if link is None:
        return namespace
    if (kind, command) == ("link", "del"):
        return _without(namespace, link)
    if (kind, command) == ("link", "set"):
        return _set(namespace, link, arguments)
    if kind == "brport":
        return _port(namespace, link, arguments)
    if kind == "addr":
        return _address(namespace, link, command, str(arguments.get("address", "")))
    if kind == "neigh":
        return _neighbour(namespace, link, command, arguments)
    if kind == "fdb":
        return _entry(namespace, link, command, arguments)
    if kind == "queue":
        return _queue(namespace, link, command, arguments)
    return namespace


def _port(namespace: NetNamespace, link: NetLink, arguments: dict[str, str | int]) -> NetNamespace:
    fields: dict[str, int] = {
        _PORT_SETTINGS[key]: bool(value) for key, value in arguments.items() if key in _PORT_SETTINGS
    }
    if "state" in arguments:
        fields["state"] = int(arguments["state"])
    return _changed(namespace, replace(link, port=replace(link.port or BridgePort(), **fields)))


def _changed(namespace: NetNamespace, link: NetLink) -> NetNamespace:
    return replace(namespace, links=tuple(link if one.index == link.index else one for one in namespace.links))


def _with_link(namespace: NetNamespace, name: str, arguments: dict[str, str | int]) -> NetNamespace:
    """A new interface. The ends of a veth get numbers by which each is found from the other."""
    kind = str(arguments.get("kind", ""))
    index = 1 + max((link.index for link in namespace.links), default=0)
    new = NetLink(
        index=int(arguments.get("number", index)),
        name=name,
        kind=kind,
        flags=0,
        operstate=2,
        has_carrier=False,
        mac=str(arguments.get("address", "")),
        mtu=int(arguments.get("mtu", 1500)),
        peer_index=int(arguments.get("peer_number", 0)),
        peer_namespace=0 if kind == "veth" else None,
    )
    return replace(namespace, links=(*namespace.links, new))


def _without(namespace: NetNamespace, link: NetLink) -> NetNamespace:
    return replace(
        namespace,
        links=tuple(one for one in namespace.links if one.index != link.index),
        addresses=tuple(one for one in namespace.addresses if one.link != link.index),
        routes=tuple(one for one in namespace.routes if one.link != link.index),
        neighbours=tuple(one for one in namespace.neighbours if one.link != link.index),
    )


def _set(namespace: NetNamespace, link: NetLink, arguments: dict[str, str | int]) -> NetNamespace:
    state = arguments.get("state")
    if state in {"up", "down"}:
        flags = link.flags | UP | LOWER_UP if state == "up" else link.flags & ~(UP | LOWER_UP)
        link = replace(link, flags=flags, operstate=6 if state == "up" else 2, has_carrier=state == "up")
    if "arp" in arguments:
        flags = link.flags & ~NO_ARP if arguments["arp"] else link.flags | NO_ARP
        link = replace(link, flags=flags)
    link = replace(link, mtu=int(arguments.get("mtu", link.mtu)), mac=str(arguments.get("address", link.mac)))
    if "master" in arguments:
        master = namespace.named(str(arguments["master"]))
        link = replace(link, master=master.index if master else 0, port=BridgePort() if master else None)
    namespace = _changed(namespace, link)
    if state == "down":
        kept = (route for route in namespace.routes if route.link != link.index or route.table == LOCAL)
        return replace(namespace, routes=tuple(kept))
    if state == "up":
        for address in namespace.addresses:
            if address.link == link.index:
                namespace = _with_routes(namespace, address)
    return namespace


def _with_routes(namespace: NetNamespace, address: NetAddress) -> NetNamespace:
    """The routes that the kernel adds for an address."""
    bits = 32 if address.version == 4 else 128
    routes = [
        NetRoute(
            version=address.version,
            table=LOCAL,
            kind="local",
            destination=f"{address.address}/{bits}",
            source=address.address,
            link=address.link,
            protocol=KERNEL,
        )
    ]
    if address.prefix < bits:
        network = str(ip_interface(f"{address.address}/{address.prefix}").network)
        routes.append(
            NetRoute(
                version=address.version,
                destination=network,
                source=address.address if address.version == 4 else "",
                link=address.link,
                protocol=KERNEL,
            )
        )
    there = {(route.table, route.destination, route.link) for route in namespace.routes}
    new = tuple(route for route in routes if (route.table, route.destination, route.link) not in there)
    return replace(namespace, routes=(*namespace.routes, *new))


def _address(namespace: NetNamespace, link: NetLink, command: str, text: str) -> NetNamespace:
    interface = ip_interface(text)
    kept = tuple(
        one
        for one in namespace.addresses
        if (one.link, one.address, one.prefix) != (link.index, str(interface.ip), interface.network.prefixlen)
    )
    if command == "add":
        new = NetAddress(
            link=link.index,
            version=interface.version,
            address=str(interface.ip),
            prefix=interface.network.prefixlen,
        )
        namespace = replace(namespace, addresses=(*kept, new))
        return _with_routes(namespace, new) if link.is_up else namespace
    return _without_routes(replace(namespace, addresses=kept), link, interface)


def _without_routes(namespace: NetNamespace, link: NetLink, gone: IPv4Interface | IPv6Interface) -> NetNamespace:
    """The routes without those of an address; with its last IPv4 address, an interface loses all IPv4 routes."""
    address, is_last = str(gone.ip), gone.version == 4 and not namespace.addresses_of(link.index, 4)

    def is_kept(route: NetRoute) -> bool:
        if route.link != link.index or route.version != gone.version:
            return True
        return not is_last and not (route.protocol == KERNEL and route.source == address)

    return replace(namespace, routes=tuple(filter(is_kept, namespace.routes)))


def _route(
    namespace: NetNamespace, link: NetLink | None, command: str, arguments: dict[str, str | int]
) -> NetNamespace:
    gateway = str(arguments.get("gateway") or "")
    destination = str(arguments.get("dst", "default"))
    version = 6 if ":" in (gateway if destination == "default" else destination) else 4
    if destination == "default":
        destination = "::/0" if version == 6 else "0.0.0.0/0"
    asked = NetRoute(
        version=version,
        table=int(arguments.get("table", MAIN)),
        kind=str(arguments.get("type", "unicast")),
        destination=str(ip_network(destination, strict=False)),
        origin=str(arguments.get("src", "")),
        source=str(arguments.get("prefsrc", "")),
        gateway=gateway,
        link=link.index if link is not None else 0,
        metric=int(arguments.get("priority", 0)),
        mtu=int(arguments.get("mtu", 0)),
        protocol=int(arguments.get("proto", _BOOT)),
        flags=ONLINK if arguments.get("onlink") else 0,
        hops=tuple(hops_of(str(arguments.get("nexthops", "")), lambda name: _number(namespace, name))),
        nhid=int(arguments.get("nhid", 0)),
    )
    if command == "add":
        there = any(_place(route) == _place(asked) for route in namespace.routes)
        return namespace if there else replace(namespace, routes=(*namespace.routes, asked))
    for route in namespace.routes:
        # The kind of a route by a next hop object is that of the object.
        if _place(route)[: 3 if asked.nhid else 4] == _place(asked)[: 3 if asked.nhid else 4] and _matches(
            route, asked
        ):
            # The kernel removes the first one that matches.
            return replace(namespace, routes=tuple(one for one in namespace.routes if one is not route))
    return namespace


def _place(route: NetRoute) -> tuple[object, ...]:
    return route.version, route.table, route.destination, route.kind, route.metric, route.link, route.gateway


def _matches(route: NetRoute, asked: NetRoute) -> bool:
    """Whether a deletion finds a route: fields that it does not name hold for all."""
    return (
        asked.metric in {0, route.metric}
        and (not asked.link or asked.link in {route.link, *(hop.link for hop in route.hops)})
        and asked.gateway in {"", route.gateway}
        and asked.source in {"", route.source}
        and asked.nhid == route.nhid
    )


def _number(namespace: NetNamespace, name: str) -> int:
    link = namespace.named(name)
    return 0 if link is None else link.index


def _neighbour(namespace: NetNamespace, link: NetLink, command: str, arguments: dict[str, str | int]) -> NetNamespace:
    address = str(arguments.get("dst", ""))
    kept = tuple(one for one in namespace.neighbours if (one.link, one.address) != (link.index, address))
    if command == "del":
        return replace(namespace, neighbours=kept)
    new = Neighbour(
        link=link.index,
        version=ip_address(address).version,
        address=address,
        mac=str(arguments.get("lladdr", "")),
        state=2,
    )
    return replace(namespace, neighbours=(*kept, new))


def _entry(namespace: NetNamespace, link: NetLink, command: str, arguments: dict[str, str | int]) -> NetNamespace:
    mac = str(arguments.get("lladdr", ""))
    kept = tuple(one for one in namespace.fdb if (one.link, one.mac) != (link.index, mac))
    if command == "del":
        return replace(namespace, fdb=kept)
    state = int(arguments.get("state", 0x80))
    new = ForwardingEntry(mac=mac, link=link.index, master=link.master, state=state)
    return replace(namespace, fdb=(*kept, new))


def _queue(namespace: NetNamespace, link: NetLink, command: str, arguments: dict[str, str | int]) -> NetNamespace:
    kept = tuple(one for one in namespace.qdiscs if one.link != link.index)
    if command == "del":
        return replace(namespace, qdiscs=kept)
    limit = int(arguments["limit"]) if "limit" in arguments else None
    return replace(namespace, qdiscs=(*kept, Qdisc(link=link.index, kind=str(arguments.get("kind", "")), limit=limit)))
