"""Sessions of people who are logged in over the network, and the way that their packets take."""

from ipaddress import ip_address, ip_network

from msgspec import Struct

from doctor.facts.path.namespace import NetNamespace
from doctor.formats.netlink.routes import NetRoute, RoutingRule
from doctor.formats.network.proc_net import Connection
from doctor.model.missing import Missing

SERVERS = frozenset({"sshd", "sshd-session", "dropbear", "in.telnetd", "mosh-server"})
"""Programs that let somebody work on a host from another one."""
_LOCAL = 255


class RemoteSessions(Struct, frozen=True, kw_only=True):
    """The connections of those programs from other hosts; read only for a repair that changes the host's network or rules."""

    items: tuple[Connection, ...] = ()
    gaps: tuple[Missing, ...] = ()


class SessionWay(Struct, frozen=True, kw_only=True):
    """The things that the packets to the other end of a session depend on.

    Attributes:
        link: the outgoing interface, "" without a route; ``gateway`` the next hop.
        has_address: whether the host still has the address of its own end, by an interface that is up.
    """

    link: str = ""
    gateway: str = ""
    mac: str = ""
    mtu: int = 0
    has_address: bool = False

    @property
    def works(self) -> bool:
        """Whether it leads anywhere."""
        return bool(self.link) and self.has_address

    def is_kept(self, then: "SessionWay") -> bool:
        """Whether packets of the session go the same way then; a larger MTU does no harm."""
        is_same = (self.link, self.gateway, self.mac) == (then.link, then.gateway, then.mac)
        return not self.works or (is_same and then.has_address and then.mtu >= self.mtu)


def way_of(session: Connection, namespace: NetNamespace) -> SessionWay:
    """Return the way of a session's packets, from the tables of routing: nobody can ask the kernel about a predicted host.

    Rules by marks, interfaces, ports and users are taken not to apply.
    """
    links = {link.index: link for link in namespace.links}
    homes = [links.get(one.link) for one in namespace.addresses if one.address == session.address]
    has_address = any(link is not None and link.is_up for link in homes)
    route = _route(session, namespace)
    link = None if route is None or route.kind != "unicast" else links.get(route.link)
    if route is None or link is None or not link.is_up:
        return SessionWay(has_address=has_address)
    return SessionWay(link=link.name, gateway=route.gateway, mac=link.mac, mtu=link.mtu, has_address=has_address)


def _route(session: Connection, namespace: NetNamespace) -> NetRoute | None:
    version = 6 if ":" in session.peer else 4
    for rule in sorted(namespace.rules, key=lambda one: one.priority):
        if rule.version != version or not _applies(rule, session):
            continue
        if rule.action != "table":
            return None
        found = _best(namespace, version, rule.table, session.peer)
        if found is not None:
            return found
    return None


def _applies(rule: RoutingRule, session: Connection) -> bool:
    if rule.iif or rule.oif or rule.mask or rule.ipproto or rule.sport or rule.dport:
        return False
    is_there = _within(rule.source, session.address) and _within(rule.destination, session.peer)
    return is_there != rule.invert


def _best(namespace: NetNamespace, version: int, table: int, target: str) -> NetRoute | None:
    """Return the most specific route of a table whose interface is up, of several the one with the lowest metric."""
    up = {link.index for link in namespace.links if link.is_up}
    mine = [
        route
        for route in namespace.routes
        if (route.version, route.table) == (version, table)
        and _within(route.destination, target)
        and (not route.link or route.link in up or route.table == _LOCAL)
    ]
    return min(mine, key=lambda one: (-ip_network(one.destination, strict=False).prefixlen, one.metric), default=None)


def _within(text: str, address: str) -> bool:
    return not text or ip_address(address.partition("%")[0]) in ip_network(text, strict=False)
