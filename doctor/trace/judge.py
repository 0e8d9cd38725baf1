"""Finds where and why the way of a packet ends. No I/O."""

import errno

from doctor.formats.trace.events import DROPPED, RECEIVED, SENT
from doctor.formats.trace.nftrace import RuleStep
from doctor.formats.trace.packets import RST
from doctor.trace.causes import ICMP_MEANINGS, REFUSALS, DropScene, meaning
from doctor.trace.evidence import (
    HOST,
    TraceCase,
    asked_in_vain,
    bridge_of,
    drop_of,
    flooded,
    has_answer,
    icmp_of,
    is_traced,
    kernel_of,
    last_event,
    last_known,
    link_of,
    name_of,
    packet_at,
    rule_drop,
    rule_of,
)
from doctor.trace.report import TraceEnd, TraceHop, TraceResult

_PAIRS = frozenset({"veth", "netkit", "vxcan"})


def judge(case: TraceCase) -> TraceEnd:
    """Return the end of the way."""
    there, back = case.way.there, case.way.back
    if case.errno:
        return _refused(case)
    asked = "" if has_answer(case) else asked_in_vain(case)
    if not there and asked:
        return _end(case, TraceResult.LOST, None, asked, way="there", cause="no-neighbour")
    if not there:
        return _end(case, TraceResult.UNKNOWN, None, "the packet was sent, but nothing recorded it", way="there")
    lost = drop_of(there)
    if lost is not None and not has_answer(case):
        return dropped(case, lost, there, "there")
    lost = drop_of(back)
    if lost is not None:
        return dropped(case, lost, back, "back")
    if has_answer(case):
        return _answered(case)
    ruled = rule_drop(case, None, "there")
    if ruled is not None:
        return _by_rule(case, ruled, there, "there")
    ruled = rule_drop(case, None, "back") if back else None
    if ruled is not None:
        return _by_rule(case, ruled, back, "back")
    if not case.is_complete:
        text = "events were lost, so the end of the way is unknown"
        return _end(case, TraceResult.UNKNOWN, there[-1], text, way="there")
    return _unanswered(case)


def _refused(case: TraceCase) -> TraceEnd:
    ruled = rule_drop(case, case.origin, "there")
    if ruled is not None:
        return _by_rule(case, ruled, case.way.there, "there")
    name = errno.errorcode.get(case.errno, str(case.errno))
    cause, text = REFUSALS.get(name, ("refused", "refuses to send it"))
    says = f"{kernel_of(case.origin)} {text.format(target=case.address)} ({name})"
    drop = drop_of(case.way.there)
    return TraceEnd(
        result=TraceResult.DROPPED,
        way="there",
        place=case.origin,
        device="",
        event="refused",
        reason=name,
        function="" if drop is None else drop.function,
        cause=cause,
        says=says,
    )


def dropped(case: TraceCase, lost: TraceHop, hops: tuple[TraceHop, ...], way: str) -> TraceEnd:
    """Return the end at a drop."""
    icmp = icmp_of(case, hops)
    packet = packet_at(case, lost, way)
    scene = DropScene(
        version=case.flow.version,
        reason=lost.reason,
        function=lost.function,
        place=lost.place,
        device=lost.device,
        link=link_of(case, lost.place, lost.device),
        bridge=bridge_of(case, lost.place, lost.device),
        source=packet[0],
        target=packet[1],
        icmp=icmp,
        is_target=lost.place == case.target,
        is_host=lost.place == HOST,
        port=case.flow.dport if way == "there" else 0,
    )
    cause, text = meaning(scene)
    ruled = rule_drop(case, lost.place, way) if cause == "rule" else None
    result = TraceResult.REFUSED if cause == "no-socket" else TraceResult.DROPPED
    rule = None if ruled is None else rule_of(ruled[1])
    return TraceEnd(
        result=result,
        way=way,
        place=lost.place,
        device=lost.device,
        event=last_event(hops, lost),
        reason=lost.reason,
        function=lost.function,
        icmp=icmp,
        rule=rule,
        cause=cause,
        says=_sentence(case, way, lost.place, lost.device, text),
    )


def counted_drop(way: str, place: str, device: str, reason: str) -> TraceHop:
    """Return the drop that a counter shows: no event has its time and its function."""
    return TraceHop(way=way, milliseconds=None, place=place, device=device, event=DROPPED, reason=reason)


def _by_rule(case: TraceCase, ruled: tuple[str, RuleStep], hops: tuple[TraceHop, ...], way: str) -> TraceEnd:
    place, step = ruled
    last = next((hop for hop in reversed(hops) if hop.place == place), None)
    device = "" if last is None else last.device
    return TraceEnd(
        result=TraceResult.DROPPED,
        way=way,
        place=place,
        device=device,
        event="" if last is None else last.event,
        icmp=icmp_of(case, hops),
        rule=rule_of(step),
        cause="rule",
        says=_sentence(case, way, place, device, "drops it by a firewall rule"),
    )


def _answered(case: TraceCase) -> TraceEnd:
    answers = [one for one in case.taps if one.way == "back" and one.place == case.origin and not one.is_sent]
    packet = answers[0].packet
    hop = case.way.back[-1] if case.way.back else None
    if packet.flags & RST:
        text = f"{case.address} answers with a reset: no program listens on port {case.flow.dport} there"
        result = TraceResult.REFUSED if case.target else TraceResult.DELIVERED
        return _end(case, result, hop, text, way="back", cause="no-socket")
    return _end(case, TraceResult.DELIVERED, hop, f"{case.address} answers", way="back")


def _unanswered(case: TraceCase) -> TraceEnd:
    there, back = case.way.there, case.way.back
    error = next(
        (one for one in case.taps if one.way == "error" and one.place == case.origin and not one.is_sent), None
    )
    if error is not None:
        kind, code = error.packet.kind, error.packet.code
        cause, meant = ICMP_MEANINGS.get((case.flow.version, kind, code), ("icmp", ""))
        text = f"{error.packet.source} reports an ICMP error (type {kind}, code {code}{meant})"
        result = TraceResult.DROPPED
        if cause == "no-socket":
            # As a reset: beyond this host, the packet arrived.
            is_far = not case.target and error.packet.source == case.address
            result = TraceResult.DELIVERED if is_far else TraceResult.REFUSED
        return _end(case, result, last_known(there) or there[-1], text, way="there", cause=cause)
    asked = asked_in_vain(case)
    if asked:
        return _end(case, TraceResult.LOST, last_known(there), asked, way="there", cause="no-neighbour")
    arrived = next((hop for hop in there if case.target and hop.place == case.target and hop.event == RECEIVED), None)
    if arrived is not None:
        return _arrived(case, arrived)
    if back:
        last = last_known(back) or back[-1]
        text = f"the answer is last seen on {last.device} of {name_of(last.place)}"
        return _end(case, TraceResult.LOST, last, text, way="back")
    last = last_known(there) or there[-1]
    if flooded(case):
        text = f"the bridge sends it to every port, and no port accepts it: {name_of(case.origin)} sends to a wrong hardware address"
        return _end(case, TraceResult.LOST, last, text, way="there", cause="wrong-hardware-address")
    link = link_of(case, last.place, last.device)
    if last.place == HOST and last.event == SENT and not case.target and (link is None or not link.master):
        return _left(case, last)
    why = "the kernel reports no drop" if case.sees_drops else "without tracefs, the reason is unknown"
    text = f"its way ends after {last.device} of {name_of(last.place)}: {why}"
    return _end(case, TraceResult.LOST, last, text, way="there")


def _arrived(case: TraceCase, arrived: TraceHop) -> TraceEnd:
    ruled = rule_drop(case, None, "back")
    if ruled is not None:
        return _by_rule(case, ruled, case.way.back, "back")
    if case.way.back:
        last = case.way.back[-1]
        text = f"the answer is last seen on {last.device} of {name_of(last.place)}"
        return _end(case, TraceResult.LOST, last, text, way="back")
    if case.flow.protocol == "udp":
        # Without drops of the kernel, its socket may have no room.
        result = TraceResult.DELIVERED if case.sees_drops else TraceResult.UNKNOWN
        return _end(case, result, arrived, f"{name_of(arrived.place)} received it", way="there")
    text = (
        f"{name_of(arrived.place)} received it and sent no answer: the queue of the program is full, a firewall rule there "
        "drops the answer, or it has no route back"
    )
    return _end(case, TraceResult.LOST, arrived, text, way="back", cause="no-answer")


def _left(case: TraceCase, last: TraceHop) -> TraceEnd:
    source = last.source.rpartition(":")[0].strip("[]") if case.flow.protocol != "icmp" else last.source
    if source and case.host_addresses and source not in case.host_addresses and case.is_masqueraded:
        text = (
            f"it left by {last.device} with source {source}, which is not an address of this host: no answer can arrive"
        )
        return _end(case, TraceResult.DROPPED, last, text, way="there", cause="wrong-source")
    text = f"it left the host by {last.device}, and no answer arrived"
    return _end(case, TraceResult.LEFT, last, text, way="there")


def _sentence(case: TraceCase, way: str, place: str, device: str, text: str) -> str:
    what = "" if way == "there" else "the answer: "
    link = link_of(case, place, device)
    is_single = place == HOST and link is not None and link.kind in _PAIRS and not link.master and is_traced(case, link)
    also = f" ({device} is not a port of a bridge)" if is_single and device not in text else ""
    return f"{what}{kernel_of(place)} {text}{also}"


def _end(
    case: TraceCase, result: TraceResult, hop: TraceHop | None, says: str, *, way: str, cause: str = ""
) -> TraceEnd:
    return TraceEnd(
        result=result,
        way=way,
        place=case.origin if hop is None else hop.place,
        device="" if hop is None else hop.device,
        event="" if hop is None else hop.event,
        icmp=icmp_of(case, case.way.there),
        cause=cause,
        says=says,
    )
