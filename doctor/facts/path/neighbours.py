"""The link layer's address of the next hop: from the neighbour table, or by asking on the segment."""

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from doctor.facts.path.device import check_asking
from doctor.facts.path.ending import WalkEnd, self_addressed
from doctor.facts.path.namespace import Neighbour, NetLink, drops
from doctor.facts.path.rules.form import DROP, DROPS
from doctor.facts.path.rules.hooks import UNKNOWN as UNSURE
from doctor.facts.path.rules.hooks import HookVerdict, evaluate
from doctor.facts.path.rules.numbers import address, shown
from doctor.facts.path.rules.packet import Packet
from doctor.facts.path.segment import (
    bridge_of,
    calls_iptables,
    is_awaited,
    is_closed,
    owners,
    peer_of,
    places_with,
    ports_of,
)
from doctor.facts.path.trip import Trip
from doctor.facts.path.way import OUTSIDE, UNKNOWN
from doctor.facts.path.world import End, PathPlace, where

_SILENT, _POINT_TO_POINT = 0x80, 0x10
_NO_ARP = _SILENT | _POINT_TO_POINT | 0x8
"""IFF_NOARP, IFF_POINTOPOINT, IFF_LOOPBACK."""
_PERMANENT, _FIXED, _FRESH, _USABLE = 0x80, 0x80 | 0x40, 0x02 | 0x04, 0xDE
"""NUD_PERMANENT; the same and NUD_NOARP; NUD_REACHABLE and NUD_STALE, with which no question comes before the packet;
the states in which a packet is sent."""
_SHARED = frozenset({"macvlan", "ipvlan"})
_SOLICITED = 0xFF02 << 112 | 0x1FF << 24
"""ff02::1:ff00:0: the group in which the owner of an IPv6 address is asked."""
_QUESTION = 28
"""Bytes of a question of ARP."""
_SOLICITATION = 72
"""Bytes of a neighbour solicitation with the asker's address."""
_ALL_HOPS = 255
_ALL = "ff:ff:ff:ff:ff:ff"

Step = tuple[PathPlace, str, str, Packet, str]
"""A hook that a question or an answer passes: place, family, hook, packet, device."""


def _next_entry(place: PathPlace, link: NetLink, packet: Packet, gateway: str) -> Neighbour | None:
    """Return the neighbour entry of the next hop."""
    version, number = (address(gateway) or (packet.version, None)) if gateway else (packet.version, packet.destination)
    return None if number is None else place.neighbour(link.index, version, number)


def _by_hand(trip: Trip, place: PathPlace, link: NetLink, packet: Packet, gateway: str) -> str:
    """Return the address of the next hop of an Ethernet interface that asks nobody: its own, where nobody wrote an entry."""
    known = _next_entry(place, link, packet, gateway)
    if known is not None and known.state & _PERMANENT:
        if link.kind == "veth" and known.mac not in _macs(trip, place, link, known):
            trip.doubt(place, f"the neighbour entry of {known.address} is fixed: {known.mac}")
        return known.mac
    if link.kind == "bridge":
        raise self_addressed(place, link.name)
    return link.mac


def _macs(trip: Trip, place: PathPlace, link: NetLink, entry: Neighbour) -> set[str]:
    """Return the MAC addresses of those who have the address of an entry, as far as they are known."""
    wanted = address(entry.address)
    return set() if wanted is None else {end[1].mac for end in owners(trip.world, place, link, *wanted)}


def destination_mac(trip: Trip, place: PathPlace, link: NetLink, packet: Packet, gateway: str) -> str | None:
    """Return the link layer's address of the next hop, ``None`` if it is not known."""
    if link.flags & _NO_ARP or link.kind in _SHARED:
        is_ethernet = link.kind in {"bridge", "veth"} and not link.flags & _POINT_TO_POINT
        if not link.flags & _NO_ARP:
            _check_shared(trip, place, link, packet, gateway)
        return _by_hand(trip, place, link, packet, gateway) if is_ethernet else None
    version, number = packet.version, packet.destination
    if gateway:
        version, number = address(gateway) or (packet.version, None)
    if number is None:
        return None
    text = shown(version, number)
    found = owners(trip.world, place, link, version, number)
    macs = {end[1].mac for end in found}
    entry = place.neighbour(link.index, version, number)
    is_fixed = entry is not None and bool(entry.state & _FIXED) and bool(entry.mac)
    if entry is not None and is_fixed:
        if entry.mac not in macs:
            trip.doubt(place, f"the neighbour entry of {text} is fixed: {entry.mac}")
        return entry.mac
    if len({end[1].mac for end in found}) > 1:
        # The one that asks or answers last has it.
        reason = f"{link.name}{where(place)}: {len(found)} interfaces have the address {text}"
        raise WalkEnd(place, link.name, UNKNOWN, reason, end=UNKNOWN)
    is_usable = entry is not None and bool(entry.state & _USABLE) and bool(entry.mac)
    if len(found) < 2 and not (entry is not None and entry.state & _FRESH):
        _ask(trip, (place, link), found[0] if found else None, (version, number), is_known=is_usable)
    if entry is not None and is_usable:
        if found and entry.mac not in macs:
            # The next question of the owner corrects it.
            reason = f"{link.name}{where(place)}: the neighbour entry of {text} names {entry.mac}, which none of its owners has"
            raise WalkEnd(place, link.name, UNKNOWN, reason, end=UNKNOWN)
        return entry.mac
    check_asking(trip, (place, link), found[0] if len(found) == 1 else None, version, text)
    _doubt_owner(trip, (place, link), found, entry, text)
    return found[0][1].mac if found else None


def _check_shared(trip: Trip, place: PathPlace, link: NetLink, packet: Packet, gateway: str) -> None:
    """Judge the next hop of a macvlan or ipvlan interface: nobody here knows who else is on its parent's network."""
    version, number = (address(gateway) or (packet.version, None)) if gateway else (packet.version, packet.destination)
    if number is None or places_with(trip.world, version, number):
        return
    entry, text = place.neighbour(link.index, version, number), shown(version, number)
    if entry is not None and entry.state & _USABLE:
        return
    may_have_asked = trip.is_answer and trip.way.start == OUTSIDE
    if entry is None or not entry.is_silent or may_have_asked:
        trip.doubt(place, f"nobody has asked for the address {text} yet")
        return
    raise WalkEnd(place, link.name, "neighbour", f"{link.name}{where(place)}: nobody answers for {text}")


def _doubt_owner(trip: Trip, asker: End, found: list[End], entry: Neighbour | None, text: str) -> None:
    """Judge an address that is not in the neighbour table, or failed there."""
    place, link = asker
    home = bridge_of(trip.world, place, link)
    if not found and home is not None and not home[1].is_up:
        raise WalkEnd(home[0], home[1].name, "link-down", f"bridge {home[1].name}: it is down")
    has_failed = entry is not None and entry.is_silent
    if not found and is_awaited(trip.world, *(address(text) or (0, 0))):
        trip.doubt(place, f"the address {text} is new: the kernel still asks whether others have it")
        return
    # A sender outside that is the next hop itself is at hand: its packet has come.
    is_sender = trip.way.start == OUTSIDE and text == trip.way.source
    # Whoever brought a packet from outside may have asked for this host just before.
    may_have_asked = trip.is_answer and trip.way.start == OUTSIDE
    if not found and ((has_failed and not may_have_asked) or is_closed(trip.world, place, link)):
        raise WalkEnd(place, link.name, "neighbour", f"{link.name}{where(place)}: nobody answers for {text}")
    if len(found) > 1:
        trip.doubt(place, f"{len(found)} interfaces have the address {text}")
    elif not found and not is_sender:
        trip.doubt(place, f"nobody has asked for the address {text} yet")
    elif has_failed:
        trip.doubt(place, f"nobody answered for {text} a short time ago")


def _ask(trip: Trip, asker: End, owner: End | None, target: tuple[int, int], *, is_known: bool) -> None:
    """Judge if rules drop the question for an address, or its answer. A known address is used as long as it is fresh."""
    place, link = asker
    key = (place.name, link.index, *target)
    if key not in trip.world.asked:
        trip.world.asked[key] = _judged(trip, asker, owner, target)
    kind, text = trip.world.asked[key]
    if not kind:
        return
    version, number = target
    if kind == UNSURE or is_known:
        trip.doubt(place, f"the question for the address {shown(version, number)} may be dropped by {text}")
        return
    reason = f"{link.name}{where(place)}: the question for the address {shown(version, number)} is dropped by {text}"
    raise WalkEnd(place, link.name, "neighbour", reason)


def _judged(trip: Trip, asker: End, owner: End | None, target: tuple[int, int]) -> tuple[str, str]:
    """Return what becomes of a question. A dropped one is certain to cost the packet only if the owner's is dropped as well.

    Whoever asks is known afterwards.
    """
    found = _dropped(trip, asker, owner, target)
    if found[0] != DROP:
        return found
    own = [one for one in asker[0].namespace.addresses if one.link == asker[1].index and one.version == target[0]]
    number = address(own[0].address) if own else None
    if owner is None or number is None:
        return UNSURE, found[1]
    return found if _dropped(trip, owner, asker, number)[0] == DROP else (UNSURE, found[1])


def _dropped(trip: Trip, asker: End, owner: End | None, target: tuple[int, int]) -> tuple[str, str]:
    """Return "drop" or "unknown" and the rule, "" if the question and the answer pass."""
    version, number = target
    question = _question(asker, version, number)
    answer = _answer(asker, owner, question, number)
    for place, link in (asker, owner or asker):
        if any(drops(one, _QUESTION) for one in place.qdiscs(link.index)):
            return DROP, f"the queue of {link.name}{where(place)}"
    silent = [end for end in (owner, asker) if end is not None and end[1].flags & _SILENT]
    if silent:
        return DROP, f"{silent[0][1].name}{where(silent[0][0])}, whose ARP is off"
    if asker[1].kind == "bridge" and not ports_of(trip.world, *asker).keeps(asker[1].mac):
        return DROP, f"the forwarding table of {asker[1].name}, which has its own address at a port"
    ignores = 0 if owner is None or version == 6 else _ignored(owner, number)
    if owner is not None and ignores:
        return (DROP if ignores == 8 else UNSURE), f"arp_ignore {ignores} of {owner[1].name}{where(owner[0])}"
    unfit = _deaf_port(trip, owner, version) or (_narrow_port(trip, asker, owner) if version == 6 else "")
    if unfit:
        return DROP, unfit
    return _by_rules(_passed(trip, asker, owner, question), _passed(trip, owner, asker, answer))


def _by_rules(*ways: Iterable[Step]) -> tuple[str, str]:
    """Return "drop" or "unknown" and the rule that decides about a question or its answer, "" if both pass."""
    doubtful = ("", "")
    for steps in ways:
        for (place, family, hook, packet, _), verdict in _judgements(steps):
            if verdict is None:
                return UNSURE, "rules that were not read"
            hops = verdict.packet.ttl
            if verdict.kind in DROPS:
                return DROP, verdict.text
            if packet.version == 6 and hops != _ALL_HOPS:
                # Neighbour discovery takes nothing that a router may have forwarded.
                return (
                    UNSURE if hops is None else DROP
                ), f"{family} {hook}{where(place)}, where a rule changes the hop limit"
            if verdict.kind != "accept" and not doubtful[0]:
                doubtful = (UNSURE, verdict.text)
    return doubtful


def _judgements(steps: Iterable[Step]) -> Iterator[tuple[Step, HookVerdict | None]]:
    """Judge the hooks in their order, each with the mark that the ones before set in this place; ``None`` without rules."""
    before: tuple[PathPlace, int | None] | None = None
    for step in steps:
        place, family, hook, packet, device = step
        if place.rules is None:
            yield step, None
            return
        if before is not None and before[0] is place:
            packet = replace(packet, mark=before[1])
        verdict = evaluate(place.rules, family, hook, packet, device=device)
        before = place, verdict.packet.mark
        yield step, verdict


def _question(asker: End, version: int, number: int) -> Packet:
    place, link = asker
    own = [one for one in place.namespace.addresses if one.link == link.index and one.version == version]
    local = sorted(own, key=lambda one: one.scope != "link")
    source = address(local[0].address) if local else None
    is_arp = version == 4
    return Packet(
        version=0 if is_arp else 6,
        source=None if source is None else source[1],
        destination=number if is_arp else _SOLICITED | number & 0xFFFFFF,
        protocol=None if is_arp else "ipv6-icmp",
        sport=None,
        port=None,
        state="UNTRACKED",
        destination_type="multicast",
        source_type="local",
        mark=0,
        ttl=_ALL_HOPS,
        icmp_type=1 if is_arp else 135,
        icmp_code=0,
        source_mac=link.mac or None,
        destination_mac=_ALL if is_arp else None,
        packet_type="broadcast" if is_arp else "multicast",
    )


def _answer(asker: End, owner: End | None, question: Packet, number: int) -> Packet:
    is_arp = question.version == 0
    return replace(
        question,
        icmp_type=2 if is_arp else 136,
        source=number,
        destination=question.source,
        destination_type="local",
        source_mac=None if owner is None else owner[1].mac,
        destination_mac=asker[1].mac,
        packet_type=None,
    )


def _passed(trip: Trip, sender: End | None, receiver: End | None, packet: Packet) -> Iterator[Step]:
    """Yield the hooks that a question or answer passes from one place to another; ``None`` for an unknown one outside."""
    family = "ip6" if packet.version == 6 else "arp"
    if sender is not None:
        place, link = sender
        sent = replace(packet, inside="", outside=link.name, is_local_out=True)
        yield place, family, "output", replace(sent, source_mac=None) if family == "ip6" else sent, ""
        if family == "ip6":
            yield place, family, "postrouting", replace(sent, source_mac=None), ""
        yield place, "netdev", "egress", sent, link.name
    yield from _bridged(trip, sender, receiver, replace(packet, is_local_out=False))
    if receiver is not None:
        place, link = receiver
        seen = replace(packet, inside=link.name, outside="", is_local_out=False)
        yield place, "netdev", "ingress", seen, link.name
        if family == "ip6":
            yield place, family, "prerouting", seen, ""
        yield place, family, "input", seen, ""


def _bridged(trip: Trip, sender: End | None, receiver: End | None, packet: Packet) -> Iterator[Step]:
    """Yield the hooks of a bridge between two interfaces: with bridge-nf also those of IPv6."""
    known = sender or receiver
    found = None if known is None else bridge_of(trip.world, *known)
    if found is None:
        return
    place, bridge = found
    into = "" if sender is not None and sender[1] is bridge else _port(trip, sender)
    out = "" if receiver is not None and receiver[1] is bridge else _port(trip, receiver)
    seen = replace(packet, inside=into, outside=out, bridge=bridge.name)
    inner = replace(packet, inside=bridge.name, outside=bridge.name, port_in=into, port_out=out)
    is_filtered = packet.version == 6 and calls_iptables(place, bridge, 6)
    if into == "":
        yield place, "bridge", "output", seen, ""
    else:
        yield place, "netdev", "ingress", replace(seen, outside=""), into or ""
        yield place, "bridge", "prerouting", replace(seen, outside=""), ""
        if is_filtered and out != "":
            yield place, "ip6", "prerouting", replace(inner, outside="", port_out=""), ""
        yield place, "bridge", "input" if out == "" else "forward", seen, ""
        if is_filtered and out != "":
            yield place, "ip6", "forward", inner, ""
    if out != "":
        yield place, "bridge", "postrouting", seen, ""
        yield place, "netdev", "egress", seen, out or ""
        if is_filtered and into != "":
            yield place, "ip6", "postrouting", replace(inner, inside=""), ""


def _ignored(owner: End, number: int) -> int:
    """Return the value of arp_ignore by which an owner may leave a question unanswered, 0 for an answer."""
    place, link = owner
    values = [
        place.namespace.sysctls.get(f"net.ipv4.conf.{name}.arp_ignore", "0").strip() for name in ("all", link.name)
    ]
    value = max(int(one) if one.isascii() and one.isdigit() and len(one) < 3 else 0 for one in values)
    has_it = any(address(one.address) == (4, number) for one in place.namespace.addresses_of(link.index, 4))
    if value in {1, 2}:
        return 0 if has_it else 8
    return value


def _deaf_port(trip: Trip, owner: End | None, version: int) -> str:
    """Return the port of a bridge by which a question does not leave in words, "" if it leaves."""
    peer = None if owner is None else peer_of(trip.world, *owner)
    if peer is not None and peer[1].port is not None and peer[1].port.suppresses_neighbours:
        return _deaf(peer[1].name, version)
    port = None if peer is None else peer[1].port
    if peer is None or port is None:
        return ""
    is_reached = port.floods_broadcasts if version == 4 else port.floods_multicasts
    return "" if is_reached else _deaf(peer[1].name, version)


def _deaf(name: str, version: int) -> str:
    return f"port {name}, by which no {'broadcasts' if version == 4 else 'multicasts'} leave"


def _narrow_port(trip: Trip, asker: End, owner: End | None) -> str:
    """Return the port of a bridge that is too small for a neighbour solicitation, "" for none."""
    ends = (asker,) if owner is None else (asker, owner)
    peers = [peer for end in ends if (peer := peer_of(trip.world, *end)) is not None]
    small = next((link for _, link in peers if link.mtu < _SOLICITATION), None)
    return "" if small is None else f"port {small.name}, whose MTU is {small.mtu}"


def _port(trip: Trip, end: End | None) -> str | None:
    """Return the port of the bridge that leads to an interface, ``None`` if it is not known."""
    peer = None if end is None else peer_of(trip.world, *end)
    return None if peer is None else peer[1].name
