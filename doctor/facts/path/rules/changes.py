"""Changes of a packet by rules: marks, translations, tracking."""

from collections.abc import Callable

from msgspec.structs import replace

from doctor.facts.path.rules.form import Change
from doctor.facts.path.rules.packet import Packet, Surroundings
from doctor.facts.path.rules.values import Range, Value

Reader = Callable[[Packet, Surroundings], Value]
HEADERS = {4: 40, 6: 60}
"""Bytes of the headers of IP and TCP, by the version of IP."""


def _known(value: Value) -> int | None:
    return value if isinstance(value, int) and value >= 0 else None


def mark(read: Reader) -> Change:
    """Set the packet's mark."""
    return Change("mark", lambda packet, scope: replace(packet, mark=_known(read(packet, scope))))


def connection_mark(read: Reader) -> Change:
    """Set the connection's mark."""
    return Change("ct mark", lambda packet, scope: replace(packet, ct_mark=_known(read(packet, scope))))


def masked_mark(before: int | None, mask: int, value: int) -> int | None:
    """Return a mark with the bits of a mask cleared and others flipped, as ``--set-xmark`` does."""
    if mask == 0xFFFFFFFF:
        return value
    return None if before is None else (before & ~mask & 0xFFFFFFFF) ^ value


def no_track() -> Change:
    """Leave the packet out of connection tracking, unless a rule has chosen a zone for it."""
    return Change("notrack", lambda packet, _: packet if packet.zone != 0 else replace(packet, state="UNTRACKED"))


def zone(number: int | None, *, is_iptables: bool = False) -> Change:
    """Track the packet in a zone, ``None`` for one that nobody knows: only the first rule that chooses one has an effect."""

    def apply(packet: Packet, _: Surroundings) -> Packet:
        if packet.state == "UNTRACKED":
            # A rule of nft may have the kernel track it again.
            return packet if is_iptables else replace(packet, state=None)
        # Packets that the host sends to itself are tracked again on arrival, and their answers in no zone: if they are valid is not known.
        own = None if packet.is_local_out and packet.outside == "lo" else number
        return replace(packet, zone=own) if packet.zone == 0 else packet

    return Change("zone", apply)


def ttl(read: Callable[[int | None], int | None]) -> Change:
    """Set the number of hops that the packet may still take."""
    return Change("ttl", lambda packet, _: replace(packet, ttl=read(packet.ttl)))


def segment(size: int | None) -> Change:
    """Lower the size of the packets that a new connection asks for: to so many bytes of data, or with ``None`` to the path's MTU."""

    def apply(packet: Packet, scope: Surroundings) -> Packet:
        wanted = scope.least_mtu() if size is None else size + HEADERS.get(packet.version, 0)
        before = packet.segment
        return replace(packet, segment=None if before is None or wanted is None else min(before, wanted))

    return Change("segment", apply)


def field(name: str, read: Reader) -> Change:
    """Set another number of the packet."""
    return Change(name, lambda packet, scope: replace(packet, **{name: _known(read(packet, scope))}))


def dscp_bits(change: tuple[int, int] | None) -> Change:
    """Clear the bits of a mask in the packet's DSCP, and flip others: (mask, others), ``None`` if they are not known."""

    def changed(packet: Packet, _: Surroundings) -> Packet:
        if change is None or (packet.dscp is None and change[0] & 0x3F != 0x3F):
            return replace(packet, dscp=None)
        return replace(packet, dscp=((packet.dscp or 0) & ~change[0] & 0x3F) ^ change[1])

    return Change("dscp", changed)


def one(values: Range | None) -> int | None:
    """Return the only number of a range; the kernel chooses one of several."""
    return values.low if values is not None and values.low == values.high else None


_MOST_TRIED = 1024


def source_of(values: Range | None) -> Reader:
    """Return the reader of a source that the kernel chooses from a range: of one without an address of this host, the first one.

    Whichever it is, answers go elsewhere.
    """
    if values is None or values.low == values.high:
        return fixed(one(values))

    def read(packet: Packet, scope: Surroundings) -> Value:
        if values.high - values.low >= _MOST_TRIED:
            return None
        types = {scope.type_of(packet.version, number, "") for number in range(values.low, values.high + 1)}
        return values.low if types == {"unicast"} else None

    return read


def destination(kind: str, address: Reader | None, port: Reader | None) -> Change:
    """Translate the destination; without an address only the port."""

    def apply(packet: Packet, scope: Surroundings) -> Packet:
        target = packet.destination if address is None else _known(address(packet, scope))
        number = packet.port if port is None else _known(port(packet, scope))
        found = scope.type_of(packet.version, target, "") if target is not None else None
        return replace(packet, destination=target, port=number, destination_type=found, is_dnat=True)

    return Change(kind, apply, is_nat=True)


def redirect(port: Reader | None) -> Change:
    """Send the packet to this host itself."""

    def apply(packet: Packet, scope: Surroundings) -> Packet:
        number = packet.port if port is None else _known(port(packet, scope))
        loopback = 0x7F000001 if packet.version == 4 else 1
        target = loopback if packet.is_local_out else scope.own_address(packet)
        return replace(packet, destination=target, port=number, destination_type="local", is_dnat=True)

    return Change("redirect", apply, is_nat=True)


def source(kind: str, address: Reader | None, port: Reader | None, *, is_random: bool = False) -> Change:
    """Translate the source; masquerading asks which address the output interface has. To the same one it is not a translation."""

    def apply(packet: Packet, scope: Surroundings) -> Packet:
        if address is None and kind == "masquerade":
            target = scope.masquerade(packet)
        else:
            target = packet.source if address is None else _known(address(packet, scope))
        number = packet.sport if port is None else _known(port(packet, scope))
        is_same = (target, number) == (packet.source, packet.sport)
        is_snat = None if None in {target, number} or (is_random and is_same) else not is_same
        return replace(packet, source=target, sport=number, source_type=None, is_snat=is_snat)

    return Change(kind, apply, is_nat=True)


def prefix(kind: str, networks: Range) -> Change:
    """Translate an address to the same place of another network (NETMAP)."""

    def moved(address: int | None) -> int | None:
        if address is None or address < 0:
            return None
        return networks.low | (address & (networks.high - networks.low))

    def apply(packet: Packet, scope: Surroundings) -> Packet:
        if kind == "snat":
            return replace(packet, source=moved(packet.source), source_type=None, is_snat=True)
        target = moved(packet.destination)
        found = scope.type_of(packet.version, target, "")
        return replace(packet, destination=target, destination_type=found, is_dnat=True)

    return Change(kind, apply, is_nat=True)


def fixed(number: int | None) -> Reader:
    """Return the reader of a constant."""
    return lambda _packet, _scope: number
