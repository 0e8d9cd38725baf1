"""The end of a packet's walk, as it is met on the way."""

from doctor.facts.path.rules.hooks import HookVerdict
from doctor.facts.path.rules.packet import Packet
from doctor.facts.path.way import DROPPED, REJECTED, UNKNOWN
from doctor.facts.path.world import PathPlace, PathSocket, named, where


class WalkEnd(Exception):  # noqa: N818 - the end of a walk isn't an error
    """A packet comes no further.

    Attributes:
        reason: completes "packets … end at": place and fault in words.
        verdict: of a rule, if one decided; ``rule_place`` where it is, if that is another place.
    """

    def __init__(
        self,
        place: PathPlace,
        device: str,
        cause: str,
        reason: str,
        *,
        end: str = DROPPED,
        verdict: HookVerdict | None = None,
        rule_place: str = "",
    ) -> None:
        """Record where and why."""
        super().__init__(reason)
        self.place, self.device, self.cause, self.reason = place, device, cause, reason
        self.end, self.verdict, self.rule_place = end, verdict, rule_place


def redirected(
    place: PathPlace, packet: Packet, target: str, socket: PathSocket | None, by: HookVerdict | None
) -> None:
    """A rule leads packets for the outside to a program here: a proxy, of which nobody knows what it makes of them."""
    if socket is None and packet.protocol in {"tcp", "udp"}:
        reason = f"{named(place)}: a rule leads them to port {packet.port}, and no program listens there"
        text = "" if by is None else f": {by.text}"
        raise WalkEnd(place, packet.inside or "", "no-listener", f"{reason}{text}", end=REJECTED, verdict=by)
    reason = f"{named(place)}: a rule leads them to a program at {target or 'an address of its own'} port {packet.port}"
    raise WalkEnd(place, packet.inside or "", UNKNOWN, reason, end=UNKNOWN)


def self_addressed(place: PathPlace, device: str) -> WalkEnd:
    """Return the end at an Ethernet interface whose ARP is off."""
    reason = f"{device}{where(place)}: its ARP is off, so it sends everything to its own address"
    return WalkEnd(place, device, "neighbour", reason)
