"""The state of a network namespace after changes of its links, addresses, routes and neighbours."""

from ipaddress import ip_address, ip_interface, ip_network

from msgspec.structs import replace

from doctor.facts.path.namespace import BridgePort, Neighbour, NetAddress, NetLink, NetNamespace, NetRoute
from doctor.formats.netlink.links import LOWER_UP, UP
from doctor.formats.netlink.routes import LOCAL, MAIN

Request = tuple[str, str, dict[str, str | int]]
"""(object, command, arguments) of one rtnetlink request, as ``doctor.api.actions.ChangeLink`` has them."""
_PORT_SETTINGS = {"isolated": "is_isolated", "mode": "is_hairpin", "learning": "learns", "unicast_flood": "floods"}
"""Names of a port's settings in a request, and the fields that they set."""
_KERNEL, _BOOT = 2, 3
"""RTPROT_KERNEL and RTPROT_BOOT of include/uapi/linux/rtnetlink.h."""


def after(namespace: NetNamespace, request: Request) -> NetNamespace:
    """Return the namespace after one request; an unknown one changes nothing.

    The kernel's side effects are included: an address has a connected and a local route, a link that goes down loses its routes.
    """
    kind, command, arguments = request
    if kind == "rules":
        counts = {place: int(count) for place, count in arguments.items()}
        tables = {(family, table) for family, table, _ in map(str.split, counts)}
        return replace(namespace, nft_rules=counts, nft_tables=tuple(sorted(tables | set(namespace.nft_tables))))
    device = str(arguments.get("dev", ""))
    link = namespace.named(device)
    if (kind, command) == ("link", "add"):
        return namespace if link else _with_link(namespace, device, str(arguments.get("kind", "")))
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
    if kind == "route":
        return _route(namespace, link, command, arguments)
    if kind == "neigh":
        return _neighbour(namespace, link, command, arguments)
    return namespace


def _port(namespace: NetNamespace, link: NetLink, arguments: dict[str, str | int]) -> NetNamespace:
    fields = {_PORT_SETTINGS[key]: bool(value) for key, value in arguments.items() if key in _PORT_SETTINGS}
    return _changed(namespace, replace(link, port=replace(link.port or BridgePort(), **fields)))


def _changed(namespace: NetNamespace, link: NetLink) -> NetNamespace:
    return replace(namespace, links=tuple(link if one.index == link.index else one for one in namespace.links))


def _with_link(namespace: NetNamespace, name: str, kind: str) -> NetNamespace:
    index = 1 + max((link.index for link in namespace.links), default=0)
    new = NetLink(index=index, name=name, kind=kind, flags=0, operstate=2, has_carrier=False)
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
    if "mtu" in arguments:
        link = replace(link, mtu=int(arguments["mtu"]))
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
            protocol=_KERNEL,
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
                protocol=_KERNEL,
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
    routes = tuple(
        route
        for route in namespace.routes
        if not (route.link == link.index and route.protocol == _KERNEL and route.source == str(interface.ip))
    )
    return replace(namespace, addresses=kept, routes=routes)


def _route(namespace: NetNamespace, link: NetLink, command: str, arguments: dict[str, str | int]) -> NetNamespace:
    gateway = str(arguments.get("gateway") or "")
    destination = str(arguments.get("dst", "default"))
    version = 6 if ":" in destination + gateway else 4
    if destination == "default":
        destination = "::/0" if version == 6 else "0.0.0.0/0"
    destination = str(ip_network(destination, strict=False))
    if command == "add":
        new = NetRoute(
            version=version,
            table=int(arguments.get("table", MAIN)),
            destination=destination,
            gateway=gateway,
            link=link.index,
            metric=int(arguments.get("priority", 0)),
            source=str(arguments.get("prefsrc", "")),
            protocol=_BOOT,
        )
        return replace(namespace, routes=(*namespace.routes, new))
    kept = (
        route
        for route in namespace.routes
        if (route.destination, route.link) != (destination, link.index) or gateway not in {"", route.gateway}
    )
    return replace(namespace, routes=tuple(kept))


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
