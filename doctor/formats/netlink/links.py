"""Links of a network namespace (RTM_GETLINK), with the settings of bridges and of their ports."""

from msgspec import Struct

UP, LOOPBACK, NO_ARP, LOWER_UP = 0x1, 0x8, 0x80, 0x10000
"""IFF_ flags of include/uapi/linux/if.h."""
FORWARDING = 3
"""BR_STATE_FORWARDING of include/uapi/linux/if_bridge.h."""


class BridgePort(Struct, frozen=True, kw_only=True):
    """Settings of a bridge's port.

    Attributes:
        state: of spanning tree; 3 is forwarding, 0 disabled, 1 listening, 2 learning, 4 blocking.
        is_isolated: it reaches no other isolated port.
        is_hairpin: a packet may leave by the port that it came by.
        learns: the bridge learns addresses from its packets; ``floods``: packets to unknown addresses leave by it.
        vlans: (number, BRIDGE_VLAN_INFO_ flags) of the VLANs it is in; read only where a bridge filters VLANs.
    """

    state: int = FORWARDING
    is_isolated: bool = False
    is_hairpin: bool = False
    learns: bool = True
    floods: bool = True
    vlans: tuple[tuple[int, int], ...] = ()


class BridgeSettings(Struct, frozen=True, kw_only=True):
    """Settings of a bridge.

    Attributes:
        filters_vlans: whether it forwards a packet only to ports of the same VLAN.
        nf_call_iptables: whether its packets pass the rules of iptables even if the host's setting is 0; ``nf_call_ip6tables`` for
            IPv6.
        stp: state of spanning tree, 0 off.
    """

    filters_vlans: bool = False
    nf_call_iptables: int = 0
    nf_call_ip6tables: int = 0
    stp: int = 0


class VxlanSettings(Struct, frozen=True, kw_only=True):
    """A tunnel of an overlay network: its number, UDP port, and the link that carries it (0: by route)."""

    id: int
    port: int = 0
    link: int = 0


class NetLink(Struct, frozen=True, kw_only=True):
    """One interface.

    Attributes:
        flags: IFF_ bits.
        kind: "bridge", "veth", "vxlan", …, "" for hardware and the loopback.
        master: number of its bridge or bond, 0 for none.
        peer_index: number of a veth's other end, in its own namespace; ``lower`` that of the link below a VLAN or macvlan.
        peer_namespace: the kernel's id of the namespace of that link, ``None`` if it is this one.
        operstate: IF_OPER_ of RFC 2863: 6 is up, 0 unknown, 2 down.
        port: its settings as a port of a bridge; ``bridge`` its settings as a bridge.
        vlan: number of a VLAN device.
        xdp: whether a program sees packets before the kernel does.
    """

    index: int
    name: str
    flags: int = UP | LOWER_UP
    mtu: int = 1500
    kind: str = ""
    master: int = 0
    peer_index: int = 0
    peer_namespace: int | None = None
    mac: str = ""
    operstate: int = 6
    has_carrier: bool = True
    port: BridgePort | None = None
    bridge: BridgeSettings | None = None
    vxlan: VxlanSettings | None = None
    lower: int = 0
    vlan: int | None = None
    xdp: bool = False

    @property
    def is_up(self) -> bool:
        """Whether it is set up (IFF_UP)."""
        return bool(self.flags & UP)

    @property
    def is_loopback(self) -> bool:
        """Whether it is the loopback."""
        return bool(self.flags & LOOPBACK)
