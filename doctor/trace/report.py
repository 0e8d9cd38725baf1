"""The way of one packet through the kernel, as ``doctor probe --trace`` reports it."""

from enum import Enum

from msgspec import Struct

from doctor.model.exit_code import ExitCode

OUTSIDE = "outside"
"""The place of a client of doctor's own."""


class TraceResult(Enum):
    """How a packet's way ended."""

    DELIVERED = "delivered"
    """It arrived, and if an answer was expected, the answer arrived too."""
    DROPPED = "dropped"
    """The kernel dropped it, its answer, or refused to send it."""
    REFUSED = "refused"
    """It arrived on this host, where no program accepts it."""
    LOST = "lost"
    """Its way ends on this host, and the kernel reports no drop."""
    LEFT = "left"
    """It left this host, and no answer arrived: its end is elsewhere."""
    UNKNOWN = "unknown"
    """It could not be followed."""


_CODES = {
    TraceResult.DELIVERED: ExitCode.OK,
    TraceResult.DROPPED: ExitCode.FOUND,
    TraceResult.REFUSED: ExitCode.FOUND,
    TraceResult.LOST: ExitCode.FOUND,
    TraceResult.LEFT: ExitCode.INCOMPLETE,
    TraceResult.UNKNOWN: ExitCode.INCOMPLETE,
}


class TraceRule(Struct, frozen=True, kw_only=True):
    """A firewall rule.

    Attributes:
        program: ``nftables`` or ``iptables-legacy``.
        handle: its number in nftables, 0 for the policy of a chain or a rule of iptables-legacy.
        text: as the program lists it, "" if it can't be listed.
        verdict: what it decided.
    """

    program: str
    family: str
    table: str
    chain: str
    handle: int
    text: str
    verdict: str

    @property
    def says(self) -> str:
        """The rule in one line."""
        place = f"chain {self.chain} of table {self.family} {self.table}"
        handle = f", handle {self.handle}" if self.handle else ""
        if self.text:
            mark = "'" if '"' in self.text else '"'
            return f"{mark}{self.text}{mark} in {place} ({self.program}{handle})"
        return f"{'a rule in' if self.handle else 'the policy of'} {place} ({self.program}{handle})"


class TraceHop(Struct, frozen=True, kw_only=True):
    """One step of the way.

    Attributes:
        way: ``there`` or ``back``.
        milliseconds: since the packet was sent, ``None`` if unknown (without tracefs).
        place: "host", a container's name, or "" for another network namespace.
        device: "" for a step in the stack.
        event: ``sent``, ``queued`` (given to a device whose driver never gets it), ``received``, ``dropped``, ``icmp``,
            ``asked`` (for a neighbour's hardware address), ``refused`` (by the sender's kernel).
        source, target: addresses and ports there, "" if no tap saw it.
        reason, function: of a drop, as the kernel names them.
        text: the step in words.
        rule: the rule that dropped it.
    """

    way: str
    milliseconds: float | None
    place: str
    device: str
    event: str
    source: str = ""
    target: str = ""
    reason: str = ""
    function: str = ""
    text: str = ""
    rule: TraceRule | None = None


class TraceEnd(Struct, frozen=True, kw_only=True):
    """Where and why the way ends.

    Attributes:
        way: ``there`` or ``back``.
        place, device: of the last step on a device; ``event`` of that step.
        reason, function, rule: of a drop.
        icmp: the error that was sent, "" for none.
        cause: a word for programs ("forwarding-off", "rule", "no-route"), "" if unknown.
        says: in words.
    """

    result: TraceResult
    way: str
    place: str
    device: str
    event: str = ""
    reason: str = ""
    function: str = ""
    icmp: str = ""
    rule: TraceRule | None = None
    cause: str = ""
    says: str


class TraceModel(Struct, frozen=True, kw_only=True):
    """The answer of doctor's model for the same packet.

    Attributes:
        end: ``delivered``, ``dropped``, ``rejected`` or ``unknown``; ``cause`` a word for the reason.
        place, device: where the cause is; ``is_answer`` if the answer is lost.
        rule: text of the deciding rule, "" for none; ``table``, ``chain`` and ``handle`` its place.
        agrees: whether the kernel's answer is the same; ``None`` if one of them is unknown.
    """

    end: str
    cause: str
    place: str
    device: str
    is_answer: bool
    table: str
    chain: str
    handle: int
    rule: str
    says: str
    doubts: tuple[str, ...]
    agrees: bool | None


class TraceReport(Struct, frozen=True, kw_only=True):
    """One packet and its way.

    Attributes:
        host: its name, ``kernel`` its release.
        origin: where it was sent: "host", "outside" or a container's name.
        target: as given on the command line; ``address`` what it was resolved to, ``port`` 0 for ICMP.
        protocol: tcp, udp or icmp.
        sent: the packet in words.
        hops: in order, the answer's after the packet's.
        rules: rules that it met, in order, as far as nftables reports them.
        model: ``None`` if its facts could not be read.
        methods: what followed it: tracefs, nftrace, taps, counters.
        notes: what could not be followed, one line each.
    """

    doctor: str
    host: str
    kernel: str
    started: float
    seconds: float
    origin: str
    target: str
    address: str
    port: int
    protocol: str
    sent: str
    hops: tuple[TraceHop, ...]
    rules: tuple[str, ...] = ()
    end: TraceEnd
    model: TraceModel | None = None
    methods: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    kind = "trace"

    @property
    def exit_code(self) -> ExitCode:
        """0 if it was delivered, 1 if not, 3 if that is unknown."""
        return _CODES[self.end.result]
