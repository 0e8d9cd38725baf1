"""The network namespaces of a host: its own, and those of its running containers."""

from collections import Counter
from functools import cached_property

from msgspec import Struct

from doctor.facts.network.networks import Endpoint, Network
from doctor.facts.path.namespace import NetLink, NetNamespace
from doctor.model.missing import Missing

SETTINGS = (
    "net.ipv4.ip_forward",
    "net.ipv4.icmp_echo_ignore_all",
    "net.ipv6.icmp.echo_ignore_all",
    "net.ipv4.ip_default_ttl",
    "net.ipv4.conf.all.arp_ignore",
    "net.ipv6.conf.all.forwarding",
    "net.ipv6.conf.all.disable_ipv6",
    "net.bridge.bridge-nf-call-iptables",
    "net.bridge.bridge-nf-call-ip6tables",
)
"""Settings of each namespace that a walk reads; a missing one counts as 0."""


TIMEOUTS = {
    "tcp": tuple(
        f"net.netfilter.nf_conntrack_tcp_timeout_{name}"
        for name in ("syn_sent", "syn_recv", "established", "unacknowledged")
    ),
    "udp": ("net.netfilter.nf_conntrack_udp_timeout", "net.netfilter.nf_conntrack_udp_timeout_stream"),
    "icmp": ("net.netfilter.nf_conntrack_icmp_timeout",),
    "ipv6-icmp": ("net.netfilter.nf_conntrack_icmpv6_timeout",),
}
"""Protocol → the settings of the host by which the kernel forgets a connection before its answer comes, if one is 0."""


class PathWire(Struct, frozen=True, kw_only=True):
    """A container's veth: its namespace, its end of the pair, and the host's end."""

    namespace: NetNamespace
    inner: NetLink
    outer: NetLink


class NetNamespaces(Struct, frozen=True, kw_only=True, dict=True):
    """The host's namespace, and that of each running container that has one of its own.

    Attributes:
        containers: id → its namespace; containers that share one (``--network container:``) have the same value. Containers of
            the host's namespace are left out.
        gaps: namespaces that could not be read.
    """

    host: NetNamespace
    containers: dict[str, NetNamespace] = {}
    gaps: tuple[Missing, ...] = ()

    def of(self, container: str) -> NetNamespace | None:
        """Return the namespace of a container by its id, ``None`` if it was not read or is the host's."""
        return self.containers.get(container)

    @property
    def own(self) -> tuple[tuple[str, NetNamespace], ...]:
        """Return one container's id for each namespace, with the namespace."""
        seen: dict[int, tuple[str, NetNamespace]] = {}
        for identity, namespace in self.containers.items():
            seen.setdefault(namespace.inode, (identity, namespace))
        return tuple(seen.values())

    def outer(self, inner: NetLink) -> NetLink | None:
        """Return the host's end of a container's veth: each end has the number of the other one."""
        return self._outer.get((inner.peer_index, inner.index)) if inner.kind == "veth" else None

    @cached_property
    def _outer(self) -> dict[tuple[int, int], NetLink]:
        """Host's number and container's number → the host's end. A pair within one namespace is left out."""
        return {
            (link.index, link.peer_index): link
            for link in self.host.links
            if link.kind == "veth" and link.peer_namespace is not None
        }

    def wire(self, endpoint: Endpoint, network: Network) -> PathWire | None:
        """Return the veth of a running container's endpoint: by its address, else by the bridge that it is attached to.

        ``None`` if it is not certain which one it is.
        """
        namespace = self.of(endpoint.container_id)
        if namespace is None:
            return None
        wires = [
            PathWire(namespace=namespace, inner=inner, outer=outer)
            for inner in namespace.links
            if (outer := self.outer(inner)) is not None
        ]
        own = {item.link for item in namespace.addresses if item.address in {endpoint.ip, endpoint.ip6} - {""}}
        bridge = self.host.named(network.bridge)
        found = [wire for wire in wires if wire.inner.index in own]
        if not found and bridge is not None:
            found = [wire for wire in wires if wire.outer.master == bridge.index]
        return found[0] if len(found) == 1 else None

    @cached_property
    def usual(self) -> tuple[tuple[tuple[str, str], ...], int] | None:
        """Return tables and number of changes that most containers with tables of nftables share, ``None`` without any."""
        counted = Counter(
            (namespace.nft_tables, namespace.generation) for _, namespace in self.own if namespace.nft_tables
        )
        return max(counted, key=lambda key: counted[key]) if counted else None
