"""All that a judgement of a trace stands on, and what is read from it. No I/O."""

from collections.abc import Mapping

from msgspec import Struct

from doctor.formats.netlink.links import NetLink
from doctor.formats.netlink.routes import Neighbour
from doctor.formats.trace.events import DROPPED, ICMP, SENT
from doctor.formats.trace.nftrace import RuleStep
from doctor.formats.trace.packets import TraceFlow, direction, tapped
from doctor.host.trace.taps import TapRecord
from doctor.trace.join import ELSEWHERE, JoinedWay
from doctor.trace.report import TraceHop, TraceRule

HOST = "host"
_INCOMPLETE, _FAILED = 0x01, 0x20


class TraceCase(Struct, frozen=True, kw_only=True):
    """All that a judgement stands on.

    Attributes:
        origin, target: names of places; ``target`` is "" for an address that is on no place of the trace.
        address: the target's.
        errno: of the sender, 0 for none.
        own: addresses of the host, and networks whose packets leave without masquerading on purpose.
        is_complete: whether nothing was overwritten before it was read.
        sees_drops: whether the kernel reports drops (tracefs).
        is_masqueraded: whether the engine masquerades the origin's network.
    """

    origin: str
    target: str
    address: str
    flow: TraceFlow
    errno: int
    way: JoinedWay
    taps: tuple[TapRecord, ...]
    steps: tuple[tuple[str, RuleStep], ...]
    links: Mapping[str, tuple[NetLink, ...]]
    neighbours: Mapping[str, tuple[Neighbour, ...]] = {}
    host_addresses: frozenset[str] = frozenset()
    is_masqueraded: bool = True
    is_complete: bool = True
    sees_drops: bool = True


def drop_of(hops: tuple[TraceHop, ...]) -> TraceHop | None:
    """Return the drop that ends a way: one in a known place, not one of a copy that a bridge sent to another port."""
    drops = [hop for hop in hops if hop.event == DROPPED]
    known = [hop for hop in drops if hop.place != ELSEWHERE]
    return known[-1] if known else None


def has_answer(case: TraceCase) -> bool:
    """Whether an answer arrived where the packet was sent."""
    return any(one.way == "back" and one.place == case.origin and not one.is_sent for one in case.taps)


def asked_in_vain(case: TraceCase) -> str:
    """Return words for a next hop whose hardware address was asked for, if no packet left by that device afterwards."""
    last = last_known(case.way.there)
    place = case.origin if last is None else last.place
    sent = {hop.device for hop in case.way.there if hop.place == place and hop.event == SENT}
    for event in reversed(case.way.asked):
        link = link_of(case, place, event.device)
        if event.device in sent or link is None:
            continue
        found = next(
            (
                one
                for one in case.neighbours.get(place, ())
                if (one.link, one.address) == (link.index, event.destination)
            ),
            None,
        )
        # Another namespace may have a device of this name: the table shows whether this one asked.
        if found is not None and found.state & (_INCOMPLETE | _FAILED):
            who = kernel_of(place)
            return f"{who} asks for the hardware address of {event.destination} on {event.device}, and nobody answers"
    return ""


def flooded(case: TraceCase) -> bool:
    """Whether a bridge sent copies to ports that don't accept them."""
    return any(hop.event == DROPPED and hop.reason == "OTHERHOST" for hop in case.way.there)


def last_known(hops: tuple[TraceHop, ...]) -> TraceHop | None:
    """Return the last hop in a place of the trace."""
    return next((hop for hop in reversed(hops) if hop.place != ELSEWHERE), None)


def last_event(hops: tuple[TraceHop, ...], lost: TraceHop) -> str:
    """Return the event on the device before a drop."""
    before = [
        hop for hop in hops if (hop.place, hop.device) == (lost.place, lost.device) and hop.event not in {DROPPED, ICMP}
    ]
    return before[-1].event if before else ""


def packet_at(case: TraceCase, lost: TraceHop, way: str) -> tuple[str, str]:
    """Return source and target of the packet when it was dropped, as far as taps saw it."""
    mine = [one for one in case.taps if one.way == way and one.place == lost.place]
    if mine:
        return mine[-1].packet.source, mine[-1].packet.target
    ends = (case.flow.source, case.flow.target)
    return ends if way == "there" else (ends[1], ends[0])


def icmp_of(case: TraceCase, hops: tuple[TraceHop, ...]) -> str:
    """Return "type/code" of the ICMP error that was sent because of the packet, "" for none."""
    sent = next((hop.reason for hop in hops if hop.event == ICMP), "")
    if sent:
        return sent
    error = next((one.packet for one in case.taps if one.way == "error"), None)
    return "" if error is None else f"{error.kind}/{error.code}"


def rule_drop(case: TraceCase, place: str | None, way: str) -> tuple[str, RuleStep] | None:
    """Return the last step in which a rule or a policy dropped the packet of this way."""
    # Only the first step of a packet in a hook has its head.
    heads = {(name, step.packet): tapped(step.head) for name, step in case.steps if step.head}
    for name, step in reversed(case.steps):
        if step.verdict != "drop" or (place is not None and name != place):
            continue
        packet = heads.get((name, step.packet))
        if packet is None or direction(packet, case.flow) in {way, ""}:
            return name, step
    return None


def rule_of(step: RuleStep) -> TraceRule:
    """Return the rule of a step, without its text."""
    handle = step.handle if step.kind == "rule" else 0
    return TraceRule(
        program="nftables",
        family=step.family,
        table=step.table,
        chain=step.chain,
        handle=handle,
        text="",
        verdict=step.verdict,
    )


def link_of(case: TraceCase, place: str, device: str) -> NetLink | None:
    """Return a device of a place."""
    return next((link for link in case.links.get(place, ()) if link.name == device), None)


def bridge_of(case: TraceCase, place: str, device: str) -> NetLink | None:
    """Return the bridge that a device is a port of."""
    port = link_of(case, place, device)
    found = (link for link in case.links.get(place, ()) if port is not None and link.index == port.master)
    return next(found, None)


def kernel_of(place: str) -> str:
    """Return a place as the subject of a sentence."""
    return "the host" if place == HOST else f"the kernel in {name_of(place)}"


def name_of(place: str) -> str:
    """Return the name of a place for a sentence."""
    return {HOST: "the host", ELSEWHERE: "another network namespace"}.get(place, place)


def is_traced(case: TraceCase, link: NetLink) -> bool:
    """Whether a device of the host is the other end of a traced container's."""
    pair = (link.peer_index, link.index)
    return any((one.index, one.peer_index) == pair for place, own in case.links.items() if place != HOST for one in own)
