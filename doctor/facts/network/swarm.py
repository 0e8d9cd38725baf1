"""The network of a swarm node: its overlay networks, the other nodes, and what comes between them."""

from msgspec import Struct

from doctor.model.missing import Missing

GOSSIP_PORT = 7946
"""Port of the nodes' talk about networks (moby libnetwork/networkdb), TCP and UDP."""
DATA_PORT = 4789
"""Default port of VXLAN packets (moby libnetwork/drivers/overlay/overlayutils)."""
_HEADERS = 50
"""Bytes that VXLAN adds to each packet over IPv4 (moby libnetwork/drivers/overlay, vxlanEncap)."""
_SECURED = 26
"""Bytes that the engine reserves in addition for an encrypted network (ov_network.go, maxMTU)."""


class Overlay(Struct, frozen=True, kw_only=True):
    """An overlay network.

    Attributes:
        mtu: MTU of the interfaces between the nodes that the network is made for: its driver's option, or 1500.
        encrypted: whether its packets are encrypted (IPsec).
    """

    name: str
    mtu: int = 1500
    encrypted: bool = False

    @property
    def inner_mtu(self) -> int:
        """Return the MTU of its containers' interfaces."""
        return self.mtu - _HEADERS - (_SECURED if self.encrypted else 0)


class Peer(Struct, frozen=True, kw_only=True):
    """Another node: its IPv4 address, and the interface that leads there."""

    address: str
    device: str


class SwarmNetwork(Struct, frozen=True, kw_only=True):
    """The networks of an active swarm node. The fact is missing on any other host.

    Attributes:
        address: its address for other nodes, "" if unknown.
        port: UDP port of VXLAN packets; the default one on a worker, which does not know another.
        control_port: TCP port at which a manager listens for nodes, 0 on a worker.
        overlays: the overlay networks, without the one of published ports ("ingress"), which every node has.
        peers: the other nodes with IPv4 addresses, at most 16.
        gaps: what could not be read.
    """

    address: str = ""
    port: int = DATA_PORT
    control_port: int = 0
    overlays: tuple[Overlay, ...] = ()
    peers: tuple[Peer, ...] = ()
    gaps: tuple[Missing, ...] = ()

    @property
    def is_encrypted(self) -> bool:
        """Whether an overlay network is encrypted."""
        return any(one.encrypted for one in self.overlays)


class PortHolder(Struct, frozen=True, kw_only=True):
    """A foreign holder of the VXLAN port.

    Attributes:
        owner: program and arguments, or the name of an interface.
        pid: its process, 0 for an interface.
    """

    port: int
    owner: str
    pid: int = 0


class SwarmPort(Struct, frozen=True, kw_only=True):
    """The foreign holder of a swarm node's VXLAN port, ``None`` without one."""

    holder: PortHolder | None = None
