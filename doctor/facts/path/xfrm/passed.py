"""Judges a packet by the XFRM policies of a place: it passes, is blocked, or an IPsec tunnel takes it."""

from msgspec.structs import replace

from doctor.facts.kernel.sysctl import interface_key
from doctor.facts.path.ending import WalkEnd
from doctor.facts.path.namespace import NetLink, XfrmPolicy, XfrmState
from doctor.facts.path.rules.numbers import network
from doctor.facts.path.rules.packet import PROTOCOLS, Packet
from doctor.facts.path.rules.values import Range
from doctor.facts.path.trip import Trip, connection_of
from doctor.facts.path.way import UNKNOWN
from doctor.facts.path.world import PathPlace, where

CAUSE = "xfrm"


def check_policies(trip: Trip, place: PathPlace, packet: Packet, direction: str, link: NetLink) -> None:
    """Raise ``WalkEnd`` unless a packet passes in the clear; ``link`` is the interface by which it comes or goes.

    The loopback interface has no policies. The first policy that matches decides, in the order of priorities.
    """
    if not place.namespace.policies or link.is_loopback:
        return
    setting = "disable_xfrm" if direction == "out" else "disable_policy"
    keys = (interface_key(name, setting, family=f"ipv{packet.version}") for name in ("all", link.name))
    if any(key in place.namespace.sysctls for key in keys):
        return
    if direction != "out":
        packet = _as_received(trip, place, packet)
    own = (one for one in place.namespace.policies if one.direction == direction and not one.interface)
    for policy in sorted(own, key=lambda one: one.priority):
        held = _matches(policy, packet, link)
        if held is None:
            trip.undecide(place, f"the XFRM policy {policy.selector}")
        elif held:
            _judge(place, policy, link)
            return


def _as_received(trip: Trip, place: PathPlace, packet: Packet) -> Packet:
    """Return a packet with the addresses with which it arrived: policies for arriving packets see no translation."""
    found = connection_of(trip, place, packet)
    if found is None or packet.state in {"INVALID", "UNTRACKED"}:
        return packet
    track, is_reply = found
    source, destination, sport, port = track.reply if is_reply else track.original
    return replace(packet, source=source, destination=destination, sport=sport, port=port)


def _judge(place: PathPlace, policy: XfrmPolicy, link: NetLink) -> None:
    wanted = [one for one in policy.templates if not one.is_optional]
    text = f"the XFRM policy {policy.selector}{where(place)}"
    if policy.is_block:
        raise WalkEnd(place, link.name, CAUSE, f"{text}, which blocks them")
    if not wanted:
        return
    if any(
        _is_state_of(one.destination, one.protocol, one.reqid, state)
        for one in wanted
        for state in place.namespace.states
    ):
        raise WalkEnd(place, link.name, UNKNOWN, f"{text}: an IPsec tunnel takes them", end=UNKNOWN)
    verb = "encrypts them" if policy.direction == "out" else "lets only encrypted packets pass"
    tunnel = f" to {wanted[0].destination}" if wanted[0].destination else ""
    raise WalkEnd(
        place, link.name, CAUSE, f"{text}, which {verb}: the IPsec tunnel{tunnel} has no keys (no XFRM state)"
    )


def _is_state_of(destination: str, protocol: str, reqid: int, state: XfrmState) -> bool:
    return destination in {"", state.destination} and protocol == state.protocol and (not reqid or reqid == state.reqid)


def _matches(policy: XfrmPolicy, packet: Packet, link: NetLink) -> bool | None:
    """Whether a policy is about a packet, ``None`` if unknown."""
    if policy.version != packet.version or (policy.device and policy.device != link.index):
        return False
    ports = ((policy.sport, packet.sport), (policy.dport, packet.port))
    value, mask = policy.mark
    tests = (
        _is_in(policy.source, packet.source),
        _is_in(policy.destination, packet.destination),
        not policy.protocol or _number(packet) == policy.protocol,
        *(_has_bits(number, *wanted) for wanted, number in ports),
        _has_bits(packet.mark, value, mask),
    )
    if False in tests:
        return False
    return None if None in tests else True


def _number(packet: Packet) -> int | None:
    return PROTOCOLS.get(packet.protocol or "")


def _is_in(text: str, number: int | None) -> bool | None:
    span = network(text)
    if isinstance(span, Range) and span.low == 0 and span.high >= 0xFFFFFFFF:
        return True
    if number is None or number < 0 or not isinstance(span, Range):
        return None
    return span.low <= number <= span.high


def _has_bits(number: int | None, value: int, mask: int) -> bool | None:
    if not mask:
        return True
    return None if number is None or number < 0 else number & mask == value & mask
