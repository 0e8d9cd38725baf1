"""The state of one walk: connections of each place, answers about routes, hops, doubts."""

from collections.abc import Generator
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from doctor.facts.path.ending import WalkEnd
from doctor.facts.path.namespace import NetLink
from doctor.facts.path.namespaces import TIMEOUTS
from doctor.facts.path.routing import RouteAnswer, RouteQuestion
from doctor.facts.path.rules import sizes
from doctor.facts.path.rules.evaluate import End
from doctor.facts.path.rules.form import DROP, REJECT, STOLEN
from doctor.facts.path.rules.hooks import HookVerdict, evaluate
from doctor.facts.path.rules.packet import PROTOCOLS, Packet
from doctor.facts.path.surroundings import PlaceSurroundings, Track
from doctor.facts.path.way import DROPPED, REJECTED, UNKNOWN, Hop, Way
from doctor.facts.path.world import PathPlace, World

_SYN = 0x02
_DESTINATION_HOOKS = frozenset({"prerouting", "output"})
_SOURCE_HOOKS = frozenset({"input", "postrouting"})

Result = TypeVar("Result")
Asking = Generator[tuple[RouteQuestion, ...], tuple[RouteAnswer, ...], Result]
"""A part of a walk: it yields questions about routes and receives the answers."""


class Out(Struct, frozen=True, kw_only=True):
    """A packet that leaves a place by an interface; ``gateway`` is the next hop's address, "" for the destination's own."""

    place: PathPlace
    link: NetLink
    packet: Packet
    gateway: str = ""


class Frame(Struct, frozen=True, kw_only=True):
    """A packet that an interface receives."""

    place: PathPlace
    link: NetLink
    packet: Packet


class Incoming(Struct, frozen=True, kw_only=True):
    """A packet that reaches the IP layer; ``is_prerouted`` if a bridge let it pass the rules already."""

    place: PathPlace
    link: NetLink
    packet: Packet
    is_prerouted: bool = False


class Local(Struct, frozen=True, kw_only=True):
    """A packet for this place."""

    place: PathPlace
    link: NetLink
    packet: Packet


class Arrived(Struct, frozen=True, kw_only=True):
    """The end of a leg: at a socket of a place, or outside of the host if ``left`` names the interface."""

    place: PathPlace
    packet: Packet
    left: NetLink | None = None


class Oversize(Struct, frozen=True, kw_only=True):
    """A packet that a place is to forward, and that is longer than the MTU there."""

    place: PathPlace
    link: NetLink
    packet: Packet
    mtu: int
    gateway: str = ""


Step = Out | Frame | Incoming | Local | Arrived | Oversize


class Trip:
    """One walk.

    Attributes:
        learned: place and number of an interface, and the place whose address it knows, since that has asked.
    """

    def __init__(self, world: World, way: Way) -> None:
        self.world = world
        self.way = way
        self.hops: list[Hop] = []
        self.doubts: list[str] = []
        self.undecided: list[str] = []
        self.answers: dict[RouteQuestion, RouteAnswer] = {}
        self.tracks: dict[str, list[Track]] = {}
        self.detour: WalkEnd | None = None
        self.by_chance = ""
        self.is_answer = False
        self.learned: set[tuple[str, int, str]] = set()
        self.mtus: set[int] = set()
        self.segment: int | None = sizes.OUTSIDE_MTU
        self.is_split = False
        self.diverted: dict[str, HookVerdict] = {}

    def hop(self, place: PathPlace, device: str, step: str, outcome: str, text: str = "") -> None:
        """Record a hop."""
        self.hops.append(Hop(place=place.name, device=device, step=step, outcome=outcome, text=text))

    def doubt(self, place: PathPlace, text: str) -> None:
        """Record a reason for uncertainty."""
        where = "" if place.name == "host" else f" in {place.name}"
        self.doubts.append(f"{text}{where}")

    def undecide(self, place: PathPlace, text: str) -> None:
        """Record a rule or queue that may end the packet: whether it does can't be judged."""
        self.doubt(place, text)
        self.undecided.append(self.doubts[-1])

    def track(self, place: PathPlace, packet: Packet) -> tuple[Track, bool] | None:
        """Return the connection of a packet in a place, and whether it is an answer."""
        tuple_ = Track.tuple_of(packet)
        for track in self.tracks.get(place.name, ()):
            if track.zone != packet.zone:
                continue
            if track.original == tuple_:
                return track, False
            if track.reply == tuple_:
                return track, True
        return None

    def stray(self, place: PathPlace, packet: Packet) -> Track | None:
        """Return the connection to which a packet belongs, if that is tracked in another zone."""
        tuple_ = Track.tuple_of(packet)
        tracks = self.tracks.get(place.name, ())
        if all(track.zone == packet.zone for track in tracks) or self.track(place, packet) is not None:
            return None
        return next((track for track in tracks if tuple_ in {track.original, track.reply}), None)


def ask(trip: Trip, question: RouteQuestion) -> Asking[RouteAnswer]:
    """Return the kernel's answer to a question."""
    found = trip.answers.get(question)
    if found is None:
        (found,) = yield (question,)
        trip.answers[question] = found
    return found


def question_of(place: PathPlace, packet: Packet, *, iif: int = 0, with_source: bool = True) -> RouteQuestion | None:
    """Return the question about a packet's route, ``None`` if its addresses, mark or DSCP are not known."""
    return PlaceSurroundings.question(place, packet, iif=iif, with_source=with_source)


def hook(
    trip: Trip, place: PathPlace, at: tuple[str, str], packet: Packet, *, device: str = "", gateway: str = ""
) -> Asking[Packet]:
    """Let a packet pass a hook; return it as it leaves, raise ``WalkEnd`` if it does not."""
    family, name = at
    if place.rules is None:
        trip.doubt(place, "rules of the packet filter were not read")
        return packet
    around = PlaceSurroundings(trip.world, place, trip.answers)
    around.gateway, around.least = gateway, _least(trip, place, packet)
    is_tracking = family in {"ip", "ip6"} and name in {"prerouting", "output"} and not _is_looped(place, packet)
    # An ICMP error about a connection is related to it, whatever its own addresses.
    is_tracking = is_tracking and packet.state != "RELATED"
    before = packet = _tracked(trip, place, packet) if is_tracking else packet
    around.track = connection_of(trip, place, packet)
    if is_tracking:
        around.tracking = lambda one: ((found := _tracked(trip, place, one)), connection_of(trip, place, found))
    while True:
        around.missing.clear()
        verdict = evaluate(place.rules, family, name, packet, around, device=device)
        if not around.missing:
            break
        for question in tuple(dict.fromkeys(around.missing)):
            yield from ask(trip, question)
    text = f"{family} {name}" if not device else f"{name} of {device}"
    trip.hop(place, device or packet.inside or packet.outside or "", text, verdict.kind, verdict.text)
    _judge(trip, place, before, verdict, device)
    if verdict.translated is not None and name in _DESTINATION_HOOKS:
        chain, by = verdict.translated
        trip.diverted[place.name] = HookVerdict(kind=DROP, packet=verdict.packet, by=chain, end=by)
    if is_tracking:
        _note_stray(trip, place, replace(before, zone=verdict.packet.zone, zone_by=verdict.packet.zone_by))
    if family in {"ip", "ip6"}:
        _note(trip, place, before, verdict.packet, name)
    return verdict.packet


def _least(trip: Trip, place: PathPlace, packet: Packet) -> int | None:
    """Return the smallest MTU of a packet's way so far, and of the way back to its sender."""
    links = (place.named(name) for name in (packet.inside, packet.outside) if name)
    return min((*trip.mtus, *(link.mtu for link in links if link is not None and not link.is_loopback)), default=None)


def _judge(trip: Trip, place: PathPlace, before: Packet, verdict: HookVerdict, device: str) -> None:
    """Raise ``WalkEnd`` if the packet does not leave a hook, note a doubt if it may not."""
    if verdict.kind in {DROP, REJECT, STOLEN}:
        end = {REJECT: REJECTED, STOLEN: UNKNOWN}.get(verdict.kind, DROPPED)
        if verdict.kind == STOLEN:
            trip.undecide(place, verdict.text)
        raise WalkEnd(place, device, "rule", verdict.text, end=end, verdict=verdict)
    if before.state is not None and verdict.packet.state is None:
        # Tracked or not: where later hops lead a packet depends on it.
        reason = verdict.text or "connection tracking, which may not know their connection"
        raise WalkEnd(place, device, UNKNOWN, reason, end=UNKNOWN)
    if verdict.kind == UNKNOWN:
        if verdict.doubts:
            trip.undecide(place, verdict.text)
        else:
            trip.doubt(place, "rules of the packet filter were not read")


def entered(trip: Trip, place: PathPlace, packet: Packet) -> Packet:
    """Return a packet as it enters another place: marks and tracking stay behind."""
    fresh = replace(
        packet,
        mark=0,
        inside="",
        outside="",
        port_in="",
        port_out="",
        bridge=None,
        has_frame=None,
        is_local_out=False,
        zone=0,
        zone_by=None,
    )
    around = PlaceSurroundings(trip.world, place, trip.answers)
    fresh = replace(
        fresh,
        destination_type=around.type_of(packet.version, packet.destination, ""),
        source_type=around.type_of(packet.version, packet.source, ""),
    )
    return _tracked(trip, place, fresh)


def _is_looped(place: PathPlace, packet: Packet) -> bool:
    """Whether a packet came by the loopback: it keeps its connection."""
    link = place.named(packet.inside or "")
    return link is not None and link.is_loopback


def connection_of(trip: Trip, place: PathPlace, packet: Packet) -> tuple[Track, bool] | None:
    """Return the connection of a packet that was translated on its way through this place."""
    for track in trip.tracks.get(place.name, ()):
        if track.original == packet.original and track.zone == packet.zone:
            return track, bool(packet.is_reply)
    return None


def _tracked(trip: Trip, place: PathPlace, packet: Packet) -> Packet:
    """Return a packet with its state in a place's connection tracking."""
    if packet.state == "RELATED":
        return packet
    found = trip.track(place, packet)
    if found is None:
        fresh = replace(
            packet, is_dnat=False, is_snat=False, is_reply=False, ct_mark=0, original=Track.tuple_of(packet)
        )
        return replace(fresh, state=_first_state(trip, packet))
    track, is_reply = found
    if packet.tcp_flags not in {None, _SYN} and not is_reply and not track.is_answered:
        # The answer was not seen here, or in another zone: for the kernel the handshake is out of order.
        return replace(packet, state="INVALID", is_reply=False, is_dnat=False, is_snat=False, ct_mark=0)
    return replace(
        packet,
        state=_later_state(track, packet, is_reply=is_reply),
        is_reply=is_reply,
        is_dnat=track.is_dnat,
        is_snat=track.is_snat,
        ct_mark=track.ct_mark,
        original=track.original,
    )


def _later_state(track: Track, packet: Packet, *, is_reply: bool) -> str:
    """Return the state of a packet of a known connection: of TCP nothing may follow a first packet whose answer was not seen."""
    if track.is_answered or is_reply:
        return "ESTABLISHED"
    return "INVALID" if packet.protocol == "tcp" and packet.tcp_flags not in {2, None} else "NEW"


def _first_state(trip: Trip, packet: Packet) -> str | None:
    """Return the state of a packet without a connection here: that of an answer depends on its protocol."""
    if not trip.is_answer and packet.tcp_flags in {_SYN, None}:
        return "NEW"
    if packet.protocol == "udp":
        return "NEW"
    if packet.protocol == "tcp" and packet.tcp_flags != 0x12:
        # Whether tracking picks up a running connection is a setting.
        return None
    return "INVALID"


def _note_stray(trip: Trip, place: PathPlace, packet: Packet) -> None:
    """Remember that a packet is tracked in another zone than its connection, which translates it no more: the cause of what follows."""
    track = trip.stray(place, packet)
    by = None if track is None else packet.zone_by or track.zone_by
    if by is None or trip.detour is not None:
        return
    chain, rule = by
    verdict = HookVerdict(kind=DROP, packet=packet, by=chain, end=End(kind=DROP, path=(rule,), packet=packet))
    reason = f"another zone of connection tracking, where their connection is not known: {verdict.text}"
    trip.detour = WalkEnd(place, packet.inside or "", "rule", reason, verdict=verdict)


def _note(trip: Trip, place: PathPlace, before: Packet, after: Packet, name: str) -> None:
    """Record what a hook did to the packet's connection."""
    if after.state in {"UNTRACKED", "INVALID", "RELATED"}:
        return
    tracks = trip.tracks.setdefault(place.name, [])
    track = next((one for one in tracks if one.original == after.original and one.zone == after.zone), None)
    if track is None:
        if name not in _DESTINATION_HOOKS:
            return
        track = Track(after.original if after.zone else before.original, zone=after.zone, zone_by=after.zone_by)
        tracks.append(track)
        for key in TIMEOUTS.get(after.protocol or "", ()):
            if place.namespace.sysctls.get(key, "").strip() == "0":
                trip.doubt(place, f"the kernel forgets connections at once, since {key} is 0")
    track.ct_mark = after.ct_mark
    track.settled |= (
        _DESTINATION_HOOKS if name in _DESTINATION_HOOKS else _SOURCE_HOOKS if name in _SOURCE_HOOKS else set()
    )
    if after.is_reply:
        track.is_answered = True
        return
    if after.state != "ESTABLISHED":
        track.is_dnat, track.is_snat = after.is_dnat, after.is_snat
        track.now = Track.tuple_of(after)


def protocol_number(packet: Packet) -> int:
    """Return the number of a packet's protocol."""
    return PROTOCOLS.get(packet.protocol or "", 0)
