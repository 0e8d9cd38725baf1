"""Finds the events of an answer among those of other packets of the same length. No I/O.

An answer of TCP has one of a few usual lengths, so other connections of the host have such events too. The taps know the
answer by its port: its events are those of one packet in memory that pass the same devices in the same order.
"""

from collections.abc import Iterable, Sequence

from doctor.formats.trace.events import DROPPED, RECEIVED, TraceEvent
from doctor.host.trace.taps import TapRecord

_GAP_S = 0.05


class AnswerChains:
    """Groups events by the packet in memory; an address is reused after its packet is freed."""

    def __init__(self) -> None:
        self._open: dict[str, list[TraceEvent]] = {}
        self._all: list[list[TraceEvent]] = []

    def add(self, event: TraceEvent) -> None:
        """Add a device event."""
        chain = self._open.get(event.packet)
        if chain is None or event.seconds - chain[-1].seconds > _GAP_S:
            chain = self._open[event.packet] = []
            self._all.append(chain)
        chain.append(event)

    def knows(self, packet: str) -> bool:
        """Whether the address is that of a packet in a chain now."""
        return packet in self._open

    def stack(self, event: TraceEvent) -> None:
        """Add a drop or an ICMP error to the chain of its packet; a drop ends it."""
        chain = self._open.get(event.packet)
        if chain is not None and event.seconds - chain[-1].seconds <= _GAP_S:
            chain.append(event)
        if event.kind == DROPPED:
            self._open.pop(event.packet, None)

    def forget(self, packet: str) -> None:
        """End the chain of an address: it belongs to another packet now."""
        self._open.pop(packet, None)

    def answer(self, taps: Sequence[TapRecord]) -> list[TraceEvent]:
        """Return the chain that passes the devices of the answer's taps in their order; empty without such a chain."""
        wanted: dict[str, list[tuple[str, bool]]] = {}
        for one in taps:
            wanted.setdefault(one.place, []).append((one.device, one.is_sent))
        best: list[TraceEvent] = []
        for chain in self._all:
            if wanted and all(_has_in_order(chain, steps) for steps in wanted.values()):
                # The first one: later ones are of packets that follow, such as a second reset.
                best = best or chain
        return best


def _has_in_order(chain: Iterable[TraceEvent], steps: list[tuple[str, bool]]) -> bool:
    seen = iter((event.device, event.kind != RECEIVED) for event in chain)
    return all(step in seen for step in steps)
