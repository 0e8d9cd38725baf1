"""Readers of a packet's fields: each returns the value, ``None`` if it is not known, ``ABSENT`` if the packet has no such field."""

from collections.abc import Callable

from doctor.facts.path.rules.packet import ANY_VERSION, NO_OWNER, PROTOCOLS, STATES, Packet, Surroundings
from doctor.facts.path.rules.values import ABSENT, Bits, Value

Reader = Callable[[Packet, Surroundings], Value]

_PORTED = frozenset({"tcp", "udp", "sctp", "dccp", "udplite"})
_ICMP = {4: "icmp", 6: "ipv6-icmp"}
ETHER_TYPES = {"ip": 0x0800, "arp": 0x0806, "ip6": 0x86DD, "vlan": 0x8100, "8021q": 0x8100, "8021ad": 0x88A8}
STATUS = {"expected": 1, "seen-reply": 2, "assured": 4, "confirmed": 8, "snat": 0x10, "dnat": 0x20, "dying": 0x200}
DNAT_STATE, SNAT_STATE = 0x10000, 0x20000
"""Bits of two states that only iptables has: ``--ctstate DNAT``."""


def unknown(packet: Packet, scope: Surroundings) -> Value:
    """Return that a field is not known."""
    del packet, scope
    return None


def _protocol(packet: Packet, _: Surroundings) -> Value:
    if packet.protocol is None:
        return None
    if packet.version == 0:
        return ABSENT
    name = packet.protocol
    return PROTOCOLS.get(name, int(name) if name.isascii() and name.isdigit() else None)


def _of_version(version: int, read: Reader) -> Reader:
    def reader(packet: Packet, scope: Surroundings) -> Value:
        if packet.version == ANY_VERSION:
            return None
        return read(packet, scope) if packet.version == version else ABSENT

    return reader


def _of_protocol(protocols: frozenset[str], read: Reader) -> Reader:
    def reader(packet: Packet, scope: Surroundings) -> Value:
        if packet.version == 0:
            return ABSENT
        if packet.protocol is None:
            return None
        return read(packet, scope) if packet.protocol in protocols else ABSENT

    return reader


def _state(packet: Packet, _: Surroundings) -> Value:
    if packet.state is None:
        return None
    bits = STATES.get(packet.state.lower(), 0)
    known = sum(STATES.values())
    if packet.state in {"UNTRACKED", "INVALID"}:
        return Bits(bits, known | DNAT_STATE | SNAT_STATE)
    for flag, bit in ((packet.is_dnat, DNAT_STATE), (packet.is_snat, SNAT_STATE)):
        known |= bit if flag is not None else 0
        bits |= bit if flag else 0
    return Bits(bits, known)


def _plain_state(packet: Packet, _: Surroundings) -> Value:
    return None if packet.state is None else STATES.get(packet.state.lower())


def _tracked(read: Reader) -> Reader:
    """Return a reader that finds nothing in packets without a connection."""

    def reader(packet: Packet, scope: Surroundings) -> Value:
        if packet.state is None:
            return None
        return ABSENT if packet.state in {"UNTRACKED", "INVALID"} else read(packet, scope)

    return reader


def _status(packet: Packet, _: Surroundings) -> Value:
    bits = known = 0
    for flag, bit in ((packet.is_dnat, STATUS["dnat"]), (packet.is_snat, STATUS["snat"])):
        known |= bit if flag is not None else 0
        bits |= bit if flag else 0
    if packet.state == "NEW":
        # Of a connection's first packet nothing is confirmed yet.
        known |= STATUS["confirmed"] | STATUS["assured"] | STATUS["seen-reply"] | STATUS["dying"] | STATUS["expected"]
    return Bits(bits, known)


def _user(packet: Packet, value: int | None) -> Value:
    if packet.is_local_out is None:
        return None
    return value if packet.is_local_out and value != NO_OWNER else ABSENT


def _ether_type(packet: Packet, _: Surroundings) -> Value:
    return {4: 0x0800, 6: 0x86DD, 0: 0x0806}.get(packet.version)


def _family(packet: Packet, _: Surroundings) -> Value:
    return {4: 2, 6: 10, 0: 3}.get(packet.version)


def _index(name: str | None, scope: Surroundings) -> Value:
    if name is None:
        return None
    return scope.index_of(name) if name else 0


def _source_type(packet: Packet, scope: Surroundings) -> Value:
    return packet.source_type or scope.type_of(packet.version, packet.source, "")


META: dict[str, Reader] = {
    "iifname": lambda packet, _: packet.inside,
    "oifname": lambda packet, _: packet.outside,
    "iif": lambda packet, _: packet.inside,
    "oif": lambda packet, _: packet.outside,
    "ibrname": lambda packet, _: packet.bridge,
    "obrname": lambda packet, _: packet.bridge,
    "ibridgename": lambda packet, _: packet.bridge,
    "obridgename": lambda packet, _: packet.bridge,
    "mark": lambda packet, _: packet.mark,
    "length": lambda packet, _: packet.length,
    "l4proto": _protocol,
    "nfproto": _family,
    "protocol": _ether_type,
    "pkttype": lambda packet, _: packet.packet_type,
    "skuid": lambda packet, _: _user(packet, packet.user),
    "skgid": lambda packet, _: _user(packet, packet.group),
    "nftrace": lambda _packet, _scope: 0,
}
"""Readers of ``meta``; others are unknown."""

INDEXED = frozenset({"iif", "oif"})
"""Keys whose value nft prints as a name, or as a number if no such interface exists."""


def interface_number(key: str) -> Reader:
    """Return a reader of an interface's number, for a rule that names one that is gone."""
    return lambda packet, scope: _index(packet.inside if key == "iif" else packet.outside, scope)


_IP: dict[str, Reader] = {
    "saddr": lambda packet, _: packet.source,
    "daddr": lambda packet, _: packet.destination,
    "protocol": _protocol,
    "nexthdr": _protocol,
    "ttl": lambda packet, _: packet.ttl,
    "hoplimit": lambda packet, _: packet.ttl,
    "dscp": lambda packet, _: packet.dscp,
    "length": lambda packet, _: packet.length,
    "version": lambda packet, _: packet.version,
    "frag-off": lambda _packet, _scope: None,
}
_ETHER: dict[str, Reader] = {
    "saddr": lambda packet, _: packet.source_mac,
    "daddr": lambda packet, _: packet.destination_mac,
    "type": _ether_type,
}
_PORTS: dict[str, Reader] = {"sport": lambda packet, _: packet.sport, "dport": lambda packet, _: packet.port}
_ICMP_FIELDS: dict[str, Reader] = {
    "type": lambda packet, _: packet.icmp_type,
    "code": lambda packet, _: packet.icmp_code,
}
_ARP: dict[str, Reader] = {
    "operation": lambda packet, _: packet.icmp_type,
    "saddr ip": lambda packet, _: packet.source,
    "daddr ip": lambda packet, _: packet.destination,
    "saddr ether": lambda packet, _: packet.source_mac,
    "htype": lambda _packet, _scope: 1,
    "ptype": lambda _packet, _scope: 0x0800,
    "hlen": lambda _packet, _scope: 6,
    "plen": lambda _packet, _scope: 4,
}
_TCP: dict[str, Reader] = _PORTS | {"flags": lambda packet, _: packet.tcp_flags}


def payload(protocol: str, field: str) -> Reader:
    """Return the reader of a header's field; nft puts the dependency on the protocol in front of it."""
    if protocol in {"ip", "ip6"}:
        return _of_version(4 if protocol == "ip" else 6, _IP.get(field, unknown))
    if protocol == "ether":
        return _with_frame(_ETHER.get(field, unknown))
    if protocol == "vlan":
        return lambda packet, _: packet.vlan if field == "id" else None
    if protocol in {"icmp", "icmpv6"}:
        name = _ICMP[4 if protocol == "icmp" else 6]
        return _of_protocol(frozenset({name, protocol}), _ICMP_FIELDS.get(field, unknown))
    if protocol == "th":
        return _of_protocol(_PORTED, _PORTS.get(field, unknown))
    if protocol == "arp":
        return _of_version(0, _ARP.get(field, unknown))
    fields = _TCP if protocol == "tcp" else _PORTS
    return _of_protocol(frozenset({protocol}), fields.get(field, unknown))


def _with_frame(read: Reader) -> Reader:
    """Return a reader that finds nothing in packets that this host sends, before they have a frame."""

    def reader(packet: Packet, scope: Surroundings) -> Value:
        if packet.has_frame:
            return read(packet, scope)
        if packet.inside is None:
            return None
        has_frame = packet.inside or packet.source_mac or packet.bridge
        return read(packet, scope) if has_frame and packet.inside != "lo" else ABSENT

    return reader


def _direction(packet: Packet, _: Surroundings) -> Value:
    return None if packet.is_reply is None else ("reply" if packet.is_reply else "original")


def _connection_protocol(packet: Packet, scope: Surroundings) -> Value:
    # A message about a packet belongs to that packet's connection, whatever its own protocol is.
    return None if packet.state == "RELATED" else _protocol(packet, scope)


_CT: dict[str, Reader] = {
    "status": _status,
    "mark": lambda packet, _: packet.ct_mark,
    "direction": _direction,
    "l3proto": _family,
    "protocol": _connection_protocol,
}
_TUPLE = {"saddr": 0, "daddr": 1, "proto-src": 2, "proto-dst": 3}


def conntrack(key: str, direction: str = "") -> Reader:
    """Return the reader of a field of the packet's connection."""
    if key == "state":
        return _plain_state
    words = key.split()
    if direction == "original" and words[-1] in _TUPLE:
        place = _TUPLE[words[-1]]
        return _tracked(lambda packet, _: packet.original[place])
    return _tracked(_CT.get(key, unknown))


def states() -> Reader:
    """Return the reader of the state as iptables sees it, with DNAT and SNAT."""
    return _state


def address_type(which: str, link: str = "") -> Reader:
    """Return the reader of the type of ``saddr`` or ``daddr``; ``link`` limits it to ``iif`` or ``oif``."""

    def reader(packet: Packet, scope: Surroundings) -> Value:
        if link:
            device = packet.inside if link == "iif" else packet.outside
            address = packet.source if which == "saddr" else packet.destination
            return None if device is None else scope.type_of(packet.version, address, device)
        return packet.destination_type if which == "daddr" else _source_type(packet, scope)

    return reader


def way_back(flags: frozenset[str]) -> Reader:
    """Return the reader of the interface that leads to the packet's source (``fib saddr . iif oif``)."""
    return lambda packet, scope: scope.way_back(packet, flags)


def bridge_port(which: str) -> Reader:
    """Return the reader of the bridge port by which the packet came, or leaves (``in``, ``out``)."""
    return lambda packet, _: packet.port_in if which == "in" else packet.port_out
