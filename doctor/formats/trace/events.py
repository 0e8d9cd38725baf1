"""Lines of a tracefs ``trace`` file, and the declaration of an event in its ``format`` file.

Numbers of drop reasons change between kernels, so their printed names are used. Names of processes and devices are
untrusted: a process name has at most 15 bytes, too few to imitate an event.
"""

import re

from msgspec import Struct

_LINE = re.compile(r"-\d+\s+(?:\(\s*[-\d]+\)\s+)?\[(\d+)\]\s+(?:\S+\s+)?(\d+\.\d+): (\w+): (.*)$")
_NUMBERED = re.compile(r"\{ *(0x[0-9a-fA-F]+|\d+)(?:[uUlL]*), *\"([^\"]{1,80})\" *\}")
_ICMP = re.compile(r"type=(\d+), code=(\d+)\. From ([\d.]+):\d+ to ([\d.]+):\d+")
_DROP = re.compile(r"location=(\S+)(?: reason: ?(\S+))?")
_OVERRUN = re.compile(r"^overrun: (\d+)", re.MULTILINE)
_DEVICE, _ADDRESS, _LENGTH = re.compile(r"\bdev=(\S+)"), re.compile(r"\bskbaddr=(\S+)"), re.compile(r"\blen=(\d+)")
_NEIGHBOUR = re.compile(r"^family (\d+) dev (\S+) .*? primary_key4 (\S+) primary_key6 (\S+)")
_LONGEST = 1000
_AF_INET6 = 10

QUEUED, SENT, RECEIVED, DROPPED, ICMP, ASKED = "queued", "sent", "received", "dropped", "icmp", "asked"
_KINDS = {
    "net_dev_queue": QUEUED,
    "net_dev_start_xmit": SENT,
    "netif_rx": RECEIVED,
    "netif_receive_skb": RECEIVED,
    "kfree_skb": DROPPED,
    "icmp_send": ICMP,
    "neigh_event_send_done": ASKED,
}


class TraceEvent(Struct, frozen=True, kw_only=True):
    """One event of the kernel.

    Attributes:
        kind: ``queued`` (given to a device), ``sent`` (given to its driver), ``received``, ``dropped``, ``icmp`` (an error
            was sent), ``asked`` (for a neighbour's hardware address).
        seconds: of the kernel's clock.
        packet: the address of the packet in memory, hashed: the same packet keeps it, and later packets reuse it.
        length: of the packet, with the link header if it is ``queued`` or ``sent``; 0 if unknown.
        reason: of a drop, as the kernel names it; ``function`` where it was, without the offset. "" if unknown.
        source, destination: of an ICMP error; ``destination`` also the neighbour that was asked for.
    """

    kind: str
    seconds: float
    packet: str = ""
    device: str = ""
    length: int = 0
    reason: str = ""
    function: str = ""
    icmp: tuple[int, int] | None = None
    source: str = ""
    destination: str = ""


def events_of(text: str) -> tuple[TraceEvent, ...]:
    """Return the events of a trace file, in its order; lines of other shapes are omitted."""
    return tuple(event for line in text.splitlines() if (event := _event(line[:_LONGEST])) is not None)


def _event(line: str) -> TraceEvent | None:
    found = None if line.startswith("#") else _LINE.search(line)
    kind = None if found is None else _KINDS.get(found[3])
    if found is None or kind is None:
        return None
    seconds, rest = float(found[2]), found[4]
    packet = _first(_ADDRESS, rest)
    if kind == DROPPED:
        drop = _DROP.search(rest)
        reason, function = ("", "") if drop is None else (drop[2] or "", drop[1].partition("+")[0])
        return TraceEvent(kind=kind, seconds=seconds, packet=packet, reason=reason, function=_symbol(function))
    if kind == ICMP:
        sent = _ICMP.search(rest)
        if sent is None:
            return None
        code = (int(sent[1]), int(sent[2]))
        return TraceEvent(kind=kind, seconds=seconds, packet=packet, icmp=code, source=sent[3], destination=sent[4])
    if kind == ASKED:
        asked = _NEIGHBOUR.search(rest)
        if asked is None:
            return None
        address = asked[4] if int(asked[1]) == _AF_INET6 else asked[3]
        return TraceEvent(kind=kind, seconds=seconds, device=asked[2], destination=address)
    length = _first(_LENGTH, rest)
    device = _first(_DEVICE, rest)
    return TraceEvent(kind=kind, seconds=seconds, packet=packet, device=device, length=int(length or 0))


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return "" if found is None else found[1]


def _symbol(function: str) -> str:
    """Return a function's name; old kernels print an address, which names nothing."""
    return "" if function.startswith("0x") or re.fullmatch(r"[0-9a-f]{8,16}", function) else function


def value_of(format_text: str, name: str) -> int | None:
    """Return the number that an event's ``format`` file gives for a name ("QUEUE_PURGE"); ``None`` if it has none."""
    return next((int(number, 0) for number, word in _NUMBERED.findall(format_text) if word == name), None)


def has_field(format_text: str, name: str) -> bool:
    """Whether an event has a field of this name."""
    return re.search(rf"\b{re.escape(name)}(\[\d*\])?;", format_text) is not None


def overrun_of(stats: str) -> int:
    r"""Return how many events of a CPU were overwritten before they were read (``per_cpu/cpuN/stats``).

    >>> overrun_of("entries: 4\noverrun: 2\n")
    2
    """
    found = _OVERRUN.search(stats)
    return 0 if found is None else int(found[1])
