"""The kernel's state of one network namespace: the host's, or a container's."""

from ipaddress import ip_interface

from msgspec import Struct

from doctor.formats.netlink.links import BridgePort as BridgePort  # noqa: PLC0414 - part of the fact
from doctor.formats.netlink.links import BridgeSettings as BridgeSettings  # noqa: PLC0414 - part of the fact
from doctor.formats.netlink.links import NetLink as NetLink  # noqa: PLC0414 - part of the fact
from doctor.formats.netlink.links import VxlanSettings as VxlanSettings  # noqa: PLC0414 - part of the fact
from doctor.formats.netlink.policies import XfrmPolicy as XfrmPolicy  # noqa: PLC0414 - part of the fact
from doctor.formats.netlink.policies import XfrmState as XfrmState  # noqa: PLC0414 - part of the fact
from doctor.formats.netlink.routes import ForwardingEntry as ForwardingEntry  # noqa: PLC0414 - part of the fact
from doctor.formats.netlink.routes import Neighbour as Neighbour  # noqa: PLC0414 - part of the fact
from doctor.formats.netlink.routes import NetAddress as NetAddress  # noqa: PLC0414 - part of the fact
from doctor.formats.netlink.routes import NetRoute as NetRoute  # noqa: PLC0414 - part of the fact
from doctor.formats.netlink.routes import NextHop as NextHop  # noqa: PLC0414 - part of the fact
from doctor.formats.netlink.routes import Qdisc as Qdisc  # noqa: PLC0414 - part of the fact
from doctor.formats.netlink.routes import RoutingRule as RoutingRule  # noqa: PLC0414 - part of the fact
from doctor.model.missing import Missing

FILTERING = frozenset({"clsact", "ingress"})
"""Queues that hold nothing but filters."""
_HEADER = 14
"""Bytes of Ethernet's header."""


class NetNamespace(Struct, frozen=True, kw_only=True):
    """State of one network namespace in the kernel.

    Attributes:
        inode: of the namespace; containers that share it have one value.
        pid: a process in it, 0 for the host's own.
        fdb: forwarding tables of bridges and tunnels; read for the host only.
        policies: of IPsec (XFRM); ``states`` with which packets are transformed, read if there is a policy.
        nft_tables: (family, name) of the tables of nftables, those of iptables-nft included.
        nft_rules: "FAMILY TABLE CHAIN" → how many rules it has, of the chains with rules; read of containers only.
        generation: number of changes of nftables so far, 0 if unknown.
        legacy_tables: tables of iptables (legacy) that were ever used here: "filter", "nat", IPv6 ones with "6" at the end.
        sysctls: values of the settings asked for ("net.ipv4.ip_forward"), as this namespace has them.
        cut: listings that are longer than what is kept of them: "routes", "fdb", …
        gaps: what could not be read.
    """

    inode: int = 0
    pid: int = 0
    links: tuple[NetLink, ...] = ()
    addresses: tuple[NetAddress, ...] = ()
    routes: tuple[NetRoute, ...] = ()
    rules: tuple[RoutingRule, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()
    fdb: tuple[ForwardingEntry, ...] = ()
    qdiscs: tuple[Qdisc, ...] = ()
    policies: tuple[XfrmPolicy, ...] = ()
    states: tuple[XfrmState, ...] = ()
    nft_tables: tuple[tuple[str, str], ...] = ()
    nft_rules: dict[str, int] = {}
    generation: int = 0
    legacy_tables: tuple[str, ...] = ()
    sysctls: dict[str, str] = {}
    cut: tuple[str, ...] = ()
    gaps: tuple[Missing, ...] = ()

    def link(self, index: int) -> NetLink | None:
        """Return the interface of that number, or ``None``."""
        for link in self.links:
            if link.index == index:
                return link
        return None

    def named(self, name: str) -> NetLink | None:
        """Return the interface of that name, or ``None``."""
        for link in self.links:
            if link.name == name:
                return link
        return None

    def addresses_of(self, index: int, version: int) -> tuple[NetAddress, ...]:
        """Return the addresses of an interface in one family, 4 or 6."""
        return tuple(item for item in self.addresses if item.link == index and item.version == version)

    def taken_with(self, address: NetAddress) -> tuple[NetAddress, ...]:
        """Return the addresses that the kernel removes with this one, unless promote_secondaries is set."""
        if address.is_secondary:
            return ()
        network = ip_interface(address.text).network
        return tuple(
            other
            for other in self.addresses_of(address.link, address.version)
            if other.is_secondary and ip_interface(other.text).network == network
        )

    def ports(self, bridge: int) -> tuple[NetLink, ...]:
        """Return the interfaces that are ports of a bridge."""
        return tuple(link for link in self.links if link.master == bridge)


def drops(qdisc: Qdisc, length: int) -> bool:
    """Whether a queue drops every packet of a length."""
    if qdisc.kind == "blackhole":
        return True
    least = {"pfifo": 1, "bfifo": length + _HEADER}.get(qdisc.kind, 0)
    return qdisc.limit is not None and qdisc.limit < least
