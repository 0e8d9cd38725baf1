"""The ways that packets take, and how far one came."""

from msgspec import Struct

HOST, OUTSIDE = "host", "outside"

_TRACED = frozenset({"egress", "dns", "peer", "published"})
"""Kinds of ways of which one packet can be sent from or to a container."""

DELIVERED, DROPPED, REJECTED, UNKNOWN = "delivered", "dropped", "rejected", "unknown"


class Way(Struct, frozen=True, kw_only=True):
    """One way of traffic.

    Attributes:
        kind: ``egress``, ``http`` (the same to port 80), ``near`` (to the host's own router), ``dns``, ``gateway``, ``peer``, ``other-network``, ``published``, ``host-published``, ``loopback``,
            ``hairpin``, ``host-to-container`` or ``container-to-host``.
        start: the place that sends: ``host``, a container's name or ``outside``.
        end: the place that must receive; ``outside`` for egress.
        target: address; ``port`` 0 for ICMP.
        source: address of an outside sender; else "".
        length: of the first packet, with the IP header.
        data: bytes of the packets in which a connection then sends its data, 0 for small ones.
    """

    kind: str
    start: str
    end: str
    target: str
    port: int = 0
    protocol: str = "tcp"
    source: str = ""
    sport: int = 40123
    length: int = 60
    data: int = 0

    @property
    def version(self) -> int:
        """4 or 6."""
        return 6 if ":" in self.target else 4

    @property
    def trace(self) -> str:
        """Container and target of such a packet, as ``doctor probe --trace`` takes them, "" for a new container and the host's own."""
        if self.kind not in _TRACED:
            return ""
        suffix = "/udp" if self.protocol == "udp" else ""
        if self.kind == "published":
            return f"{self.end} {OUTSIDE}:{self.port}{suffix}"
        target = f"[{self.target}]" if self.port and self.version == 6 else self.target
        return f"{self.start} {target}" + (f":{self.port}{suffix}" if self.port else "")

    @property
    def text(self) -> str:
        """The packets in words: "packets from aa to 192.0.2.80 port 443"."""
        port = f" port {self.port}" if self.port else ""
        if self.kind == "http":
            target = f"outside{port}"
        else:
            target = "outside" if self.kind in {"egress", "egress-new"} else f"{self.target}{port}"
        size = f" of {self.data} bytes" if self.data else ""
        return f"packets{size} from {self.start} to {target}"


class Hop(Struct, frozen=True, kw_only=True):
    """One step of a packet.

    Attributes:
        place: the namespace; ``device`` the interface, "" if none is concerned.
        step: ``route``, ``link``, ``bridge``, ``hook``, ``neighbour``, ``socket`` …
        outcome: in a word or a name: "accept", "drop", the next interface.
        text: for a reader.
    """

    place: str
    device: str
    step: str
    outcome: str
    text: str = ""


class Walk(Struct, frozen=True, kw_only=True):
    """How far a packet and the answers to it came.

    Attributes:
        end: ``delivered``, ``dropped``, ``rejected`` or ``unknown``.
        cause: a word for the reason: ``rule``, ``no-route``, ``forwarding-off`` …, "" if delivered.
        is_answer: whether it is the answer that ends.
        rule: the deciding rule, "" for none; ``chain``, ``table`` and ``handle`` its place.
        place: where it ends; ``device`` the interface there.
        rule_place: of the rule, if it ends another packet than the one that is followed: the ICMP message about it.
        says: the whole in a sentence; ``reason`` the part of it after "end at".
        large: bytes of data packets for which an MTU on the way is too small, 0 if none is.
        doubts: the reasons for ``unknown``; ``undecided`` those that are rules, filters or queues that may end packets.
    """

    way: Way
    hops: tuple[Hop, ...]
    end: str
    cause: str = ""
    is_answer: bool = False
    rule: str = ""
    chain: str = ""
    table: str = ""
    handle: int = 0
    place: str = ""
    device: str = ""
    rule_place: str = ""
    large: int = 0
    says: str = ""
    reason: str = ""
    doubts: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
