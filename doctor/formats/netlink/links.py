"""Links of a network namespace (RTM_GETLINK), with the settings of bridges and of their ports."""

import struct

from msgspec import Struct

from doctor.formats.netlink.messages import attributes, each, mac, signed, text, unsigned

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
        floods_broadcasts: broadcasts leave by it, such as questions of ARP; ``floods_multicasts``: multicasts that nobody asked for.
        is_locked: it takes only packets of addresses in the forwarding table.
        suppresses_neighbours: the bridge itself answers, or drops, questions for neighbours.
        vlans: (number, BRIDGE_VLAN_INFO_ flags) of the VLANs it is in; read only where a bridge filters VLANs.
    """

    state: int = FORWARDING
    is_isolated: bool = False
    is_hairpin: bool = False
    learns: bool = True
    floods: bool = True
    floods_broadcasts: bool = True
    floods_multicasts: bool = True
    is_locked: bool = False
    suppresses_neighbours: bool = False
    vlans: tuple[tuple[int, int], ...] = ()


class BridgeSettings(Struct, frozen=True, kw_only=True):
    """Settings of a bridge.

    Attributes:
        filters_vlans: whether it forwards a packet only to ports of the same VLAN.
        nf_call_iptables: whether its packets pass the rules of iptables even if the host's setting is 0; ``nf_call_ip6tables`` for
            IPv6.
        stp: state of spanning tree, 0 off, 1 the kernel's, 2 a program's.
        forward_delay: centiseconds that a new port listens, and then learns, before it forwards; only with spanning tree.
    """

    filters_vlans: bool = False
    nf_call_iptables: int = 0
    nf_call_ip6tables: int = 0
    stp: int = 0
    forward_delay: int = 1500


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


_HEADER = struct.Struct("=BxHiII")
"""struct ifinfomsg."""
_MAC, _NAME, _MTU, _LOWER, _MASTER, _OPERSTATE, _INFO = 1, 3, 4, 5, 10, 16, 18
_SPEC, _CARRIER, _NAMESPACE, _XDP = 26, 33, 37, 43
_INFO_KIND, _INFO_DATA, _PORT_KIND, _PORT_DATA = 1, 2, 4, 5
_XDP_ATTACHED = 2
_BRIDGE_VLAN_INFO = 2
_PEERED = frozenset({"veth", "netkit", "vxcan"})


def parse_link(body: bytes) -> NetLink | None:
    """Return the link of an RTM_NEWLINK message, ``None`` for one without number or name.

    >>> from doctor.formats.netlink.messages import attribute, number
    >>> link = parse_link(bytes(4) + number(2) + number(1) + bytes(4) + attribute(3, b"eth0"))
    >>> (link.index, link.name, link.is_up) if link else None
    (2, 'eth0', True)
    """
    if len(body) < _HEADER.size:
        return None
    _, _, index, flags, _ = _HEADER.unpack_from(body)
    found = attributes(body, _HEADER.size)
    name = text(found.get(_NAME))
    if index <= 0 or not name:
        return None
    info = attributes(found.get(_INFO, b""))
    kind = text(info.get(_INFO_KIND))
    data = attributes(info.get(_INFO_DATA, b""))
    lower = unsigned(found.get(_LOWER))
    is_pair = kind in _PEERED
    return NetLink(
        index=index,
        name=name,
        flags=flags,
        mtu=unsigned(found.get(_MTU)),
        kind=kind,
        master=unsigned(found.get(_MASTER)),
        peer_index=lower if is_pair else 0,
        peer_namespace=signed(found[_NAMESPACE]) if _NAMESPACE in found else None,
        mac=mac(found.get(_MAC)),
        operstate=unsigned(found.get(_OPERSTATE)),
        has_carrier=bool(unsigned(found.get(_CARRIER), flags & LOWER_UP)),
        port=_port(attributes(info.get(_PORT_DATA, b""))) if text(info.get(_PORT_KIND)) == "bridge" else None,
        bridge=_bridge(data) if kind == "bridge" else None,
        vxlan=_vxlan(data) if kind == "vxlan" else None,
        lower=0 if is_pair or lower == index else lower,
        vlan=unsigned(data.get(1)) if kind == "vlan" else None,
        xdp=bool(unsigned(attributes(found.get(_XDP, b"")).get(_XDP_ATTACHED))),
    )


def _port(data: dict[int, bytes]) -> BridgePort:
    """Attributes IFLA_BRPORT_ of include/uapi/linux/if_link.h; an old kernel lacks some."""
    return BridgePort(
        state=unsigned(data.get(1), FORWARDING),
        is_hairpin=bool(unsigned(data.get(4))),
        learns=bool(unsigned(data.get(8), 1)),
        floods=bool(unsigned(data.get(9), 1)),
        is_isolated=bool(unsigned(data.get(33))),
        floods_broadcasts=bool(unsigned(data.get(30), 1)),
        floods_multicasts=bool(unsigned(data.get(27), 1)),
        is_locked=bool(unsigned(data.get(39))),
        suppresses_neighbours=bool(unsigned(data.get(32))),
    )


def _bridge(data: dict[int, bytes]) -> BridgeSettings:
    """Attributes IFLA_BR_."""
    return BridgeSettings(
        stp=unsigned(data.get(5)),
        forward_delay=unsigned(data.get(1), 1500),
        filters_vlans=bool(unsigned(data.get(7))),
        nf_call_iptables=unsigned(data.get(36)),
        nf_call_ip6tables=unsigned(data.get(37)),
    )


def _vxlan(data: dict[int, bytes]) -> VxlanSettings:
    """Attributes IFLA_VXLAN_; the port is in network byte order."""
    return VxlanSettings(
        id=unsigned(data.get(1)), link=unsigned(data.get(3)), port=int.from_bytes(data.get(15, b"")[:2], "big")
    )


def parse_vlans(body: bytes) -> tuple[int, tuple[tuple[int, int], ...]]:
    """Return a port's number and its VLANs as (number, flags), of an RTM_NEWLINK message of the bridge family."""
    if len(body) < _HEADER.size:
        return 0, ()
    index: int = _HEADER.unpack_from(body)[2]
    spec = attributes(body, _HEADER.size).get(_SPEC, b"")
    found = []
    for kind, content in each(spec):
        if kind == _BRIDGE_VLAN_INFO and len(content) >= 4:
            # struct bridge_vlan_info: flags, number.
            found.append((unsigned(content[2:4]), unsigned(content[:2])))
    return index, tuple(found)
