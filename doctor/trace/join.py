"""Joins what was recorded of one packet into its way: kernel events, packets on taps, rules. No I/O."""

from collections import Counter
from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from doctor.formats.netlink.links import NetLink
from doctor.formats.trace.events import ASKED, DROPPED, ICMP, QUEUED, RECEIVED, SENT, TraceEvent
from doctor.formats.trace.packets import TraceFlow
from doctor.host.trace.taps import TapRecord
from doctor.trace.answers import AnswerChains
from doctor.trace.report import TraceHop

_LINK_HEADERS = (0, 14, 18)
_ANSWERS = {4: (40, 44, 54, 58), 6: (60, 64, 74, 78)}
"""Lengths of answers of TCP, by version of IP: a reset, and a connection without options, without and with link header."""
_SOON_S = 0.05
_OWN_DROPS = frozenset({"NO_SOCKET", "NOT_SPECIFIED", ""})
_PEER = frozenset({"veth", "netkit", "vxcan"})
ELSEWHERE = ""


class TraceRecords(Struct, frozen=True, kw_only=True):
    """All that was recorded.

    Attributes:
        origin: the name of the place that sent it.
        taps: in order of arrival within each place; ``events`` in the order of the kernel's clock, empty without tracefs.
        links: the devices of each place.
    """

    origin: str
    flow: TraceFlow
    events: tuple[TraceEvent, ...]
    taps: tuple[TapRecord, ...]
    links: Mapping[str, tuple[NetLink, ...]]


class JoinedWay(Struct, frozen=True, kw_only=True):
    """The hops of the packet and of its answer, and hardware addresses that were asked for meanwhile."""

    there: tuple[TraceHop, ...]
    back: tuple[TraceHop, ...]
    asked: tuple[TraceEvent, ...] = ()


def join(records: TraceRecords) -> JoinedWay:
    """Return the way: by events where there are any, else by taps alone."""
    if not any(event.kind in {QUEUED, SENT, RECEIVED} for event in records.events):
        asked = tuple(event for event in records.events if event.kind == ASKED)
        return JoinedWay(there=_by_taps(records, "there"), back=_by_taps(records, "back"), asked=asked)
    return _Joiner(records).joined()


def _by_taps(records: TraceRecords, way: str) -> tuple[TraceHop, ...]:
    """Order the taps' packets: those of one place are in order, and places follow in the order of the way."""
    mine = [one for one in records.taps if one.way == way]
    places = list(dict.fromkeys([records.origin, *(one.place for one in mine)]))
    others = [place for place in places if place not in {records.origin, "host"}]
    order = [records.origin, *(["host"] if records.origin != "host" else []), *others]
    if way == "back":
        order.reverse()
    return tuple(_tapped_hop(one) for place in order for one in mine if one.place == place)


def _tapped_hop(one: TapRecord) -> TraceHop:
    return _with_addresses(
        TraceHop(
            way=one.way, milliseconds=None, place=one.place, device=one.device, event=SENT if one.is_sent else RECEIVED
        ),
        one,
    )


def _with_addresses(hop: TraceHop, one: TapRecord) -> TraceHop:
    packet = one.packet
    source, target = packet.source, packet.target
    if packet.kind < 0:
        source, target = endpoint(source, packet.sport), endpoint(target, packet.dport)
    return replace(hop, source=source, target=target)


def endpoint(address: str, port: int) -> str:
    """Return an address with a port, as it is usually written."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


class _LastStep(Struct, frozen=True):
    """The last step of a packet in memory."""

    way: str
    place: str
    device: str
    kind: str
    seconds: float


class _Joiner:
    """Goes through the events once, and keeps for each packet in memory where it is."""

    def __init__(self, records: TraceRecords) -> None:
        self._records = records
        self._links = {place: {link.name: link for link in links} for place, links in records.links.items()}
        self._taps = {
            way: {
                place: [one for one in records.taps if (one.way, one.place) == (way, place)] for place in records.links
            }
            for way in ("there", "back")
        }
        self._left = {
            way: Counter((one.device, one.is_sent) for one in records.taps if one.way == way)
            for way in ("there", "back")
        }
        self._hops: dict[str, list[TraceHop]] = {"there": [], "back": []}
        self._last: dict[str, _LastStep] = {}
        self._current: dict[str, str] = {"there": records.origin}
        self._begin: float | None = None
        self._asked: list[TraceEvent] = []
        self._chains = AnswerChains()

    def joined(self) -> JoinedWay:
        for event in self._records.events:
            if event.kind in {DROPPED, ICMP}:
                self._chains.stack(event)
                self._stack(event)
            elif event.kind != ASKED:
                self._device(event)
            else:
                self._asked.append(event)
        if not self._hops["back"]:
            self._answer([one for one in self._records.taps if one.way == "back"])
        # Answers of UDP have lengths that no filter knows, but their taps saw them.
        back = tuple(self._hops["back"]) or _by_taps(self._records, "back")
        return JoinedWay(
            there=tuple(self._hops["there"]), back=_without_own(back, self._records.origin), asked=tuple(self._asked)
        )

    def _answer(self, taps: list[TapRecord]) -> None:
        for event in self._chains.answer(taps):
            if event.kind in {DROPPED, ICMP}:
                self._stack(event)
            else:
                self._step(event, "back")

    def _device(self, event: TraceEvent) -> None:
        way = self._way_of(event)
        if way:
            self._chains.forget(event.packet)
            self._step(event, way)
            return
        # Another packet has this address now; it may be the answer.
        self._last.pop(event.packet, None)
        if self._begin is not None:
            self._chains.add(event)

    def _step(self, event: TraceEvent, way: str) -> None:
        if self._begin is None:
            self._begin = event.seconds
        known = self._last.get(event.packet)
        if known is not None and known.way != way:
            known = None
        if known is not None and _is_same_step(known, event):
            self._update(known, event)
            place = known.place
        else:
            place = self._place(event, way, known)
            hop = TraceHop(way=way, milliseconds=self._since(event), place=place, device=event.device, event=event.kind)
            self._hops[way].append(self._addressed(hop))
        self._last[event.packet] = _LastStep(way, place, event.device, event.kind, event.seconds)
        self._current[way] = place

    def _update(self, known: _LastStep, event: TraceEvent) -> None:
        """Record that a queued packet was sent."""
        hops = self._hops[known.way]
        for at in range(len(hops) - 1, -1, -1):
            if (hops[at].place, hops[at].device, hops[at].event) == (known.place, known.device, known.kind):
                hops[at] = replace(hops[at], event=event.kind)
                return

    def _way_of(self, event: TraceEvent) -> str:
        """Return ``there``, ``back`` or "" for a packet that has not the length of the trace."""
        flow = self._records.flow
        if event.length - flow.length not in _LINK_HEADERS:
            return ""
        key = (event.device, event.kind != RECEIVED)
        known = self._last.get(event.packet)
        if known is not None and flow.protocol == "icmp" and (known.kind, event.kind) == (RECEIVED, QUEUED):
            # The answer of the last receiver may be at the same address in memory.
            is_turn = known.device == event.device and not self._left["there"][key]
            return "back" if is_turn else known.way
        if known is not None and (known.device == event.device or flow.protocol != "icmp"):
            return known.way
        if flow.protocol == "icmp" and not self._left["there"][key] and self._begin is not None:
            # Outside, no tap sees the answer's first steps; a known packet is followed by its address.
            is_answer = any(self._left["back"].values()) if known is None else self._left["back"][key] > 0
            return "back" if is_answer else "there"
        return "there" if known is None else known.way

    def _place(self, event: TraceEvent, way: str, known: _LastStep | None) -> str:
        """Return the place of a device event: a packet is sent where it is; it is received at the other end of a pair,
        or in the same namespace.
        """
        here = known.place if known is not None else self._current.get(way, ELSEWHERE)
        if event.kind != RECEIVED:
            if known is not None or (way == "there" and not self._hops[way]):
                return here
            return self._tapped_place(event, way, first=here)
        if known is not None and known.kind != RECEIVED:
            link = self._links.get(here, {}).get(known.device)
            if link is not None and link.kind in _PEER:
                return self._across(here, link, event, way)
        if event.device in self._links.get(here, {}):
            return here
        is_lost = known is None or known.place == ELSEWHERE
        return self._tapped_place(event, way, first="") if is_lost else ELSEWHERE

    def _across(self, here: str, link: NetLink, event: TraceEvent, way: str) -> str:
        """Return the place of the other end of a pair; numbers of devices recur in other namespaces, so its tap decides."""
        for place, links in self._links.items():
            far = links.get(event.device)
            is_inner = link.peer_namespace is None
            if far is None or is_inner != (place == here):
                continue
            if (far.index, far.peer_index) == (link.peer_index, link.index) and self._has_tapped(event, way, place):
                return place
        return ELSEWHERE

    def _has_tapped(self, event: TraceEvent, way: str, place: str) -> bool:
        """Whether the tap of a place saw such a step that no hop has yet, or saw nothing at all."""
        taken = (event.device, event.kind != RECEIVED)
        is_tapped = any(one.place == place for one in self._records.taps)
        return not is_tapped or any((one.device, one.is_sent) == taken for one in self._taps[way].get(place, ()))

    def _tapped_place(self, event: TraceEvent, way: str, *, first: str) -> str:
        """Return the place whose tap saw such a step that no hop has yet."""
        key = (event.device, event.kind != RECEIVED)
        for name in sorted(self._taps[way], key=lambda name: name != first):
            if any((one.device, one.is_sent) == key for one in self._taps[way][name]):
                return name
        return first if event.device in self._links.get(first, {}) else ELSEWHERE

    def _addressed(self, hop: TraceHop) -> TraceHop:
        """Return the hop with the addresses that the tap of its place saw."""
        key = (hop.device, hop.event != RECEIVED)
        mine = self._taps[hop.way].get(hop.place, [])
        for at, one in enumerate(mine):
            if (one.device, one.is_sent) == key:
                del mine[at]
                self._left[hop.way][key] -= 1
                return _with_addresses(hop, one)
        return hop

    def _stack(self, event: TraceEvent) -> None:
        """Add a drop or an ICMP error, if it is of a packet that was seen just before."""
        known = self._last.get(event.packet)
        if known is None or (event.seconds - known.seconds > _SOON_S and not event.reason.startswith("NEIGH")):
            return
        hop = TraceHop(
            way=known.way, milliseconds=self._since(event), place=known.place, device=known.device, event=event.kind
        )
        if event.kind == ICMP:
            kind, code = event.icmp or (0, 0)
            hop = replace(hop, source=event.source, target=event.destination, reason=f"{kind}/{code}")
        else:
            hop = replace(hop, reason=event.reason, function=event.function)
            del self._last[event.packet]
        self._hops[known.way].append(hop)

    def _since(self, event: TraceEvent) -> float:
        return round((event.seconds - (self._begin or event.seconds)) * 1000, 3)


def _is_same_step(known: _LastStep, event: TraceEvent) -> bool:
    """Whether an event continues the last step: a queued packet is sent, or netif_rx is followed by netif_receive_skb."""
    return known.device == event.device and (known.kind, event.kind) in {(QUEUED, SENT), (RECEIVED, RECEIVED)}


def _without_own(back: tuple[TraceHop, ...], origin: str) -> tuple[TraceHop, ...]:
    """Return the hops without the drop at the end: a trace has no socket, so its origin always drops the answer."""
    if len(back) > 1 and back[-1].event == DROPPED and (back[-1].place, back[-2].place) == (origin, origin):
        is_own = back[-1].reason in _OWN_DROPS and back[-2].event == RECEIVED
        return back[:-1] if is_own else back
    return back


def lengths(flow: TraceFlow) -> tuple[int, ...]:
    """Return the lengths that events are filtered by."""
    own = {flow.length + header for header in _LINK_HEADERS}
    return tuple(sorted(own | set(_ANSWERS[flow.version] if flow.protocol == "tcp" else ())))
