"""Builds one host, looks at it, and sends the packets."""

import selectors
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.hosts.paths.host import RandomHost
from tests.hosts.paths.lab import Lab
from tests.hosts.paths.listeners import Listeners
from tests.hosts.paths.packets import Outcome, send, warm
from tests.hosts.paths.ways import Probe

_EARLY = "ipv4/ip_no_pmtu_disc"
"""A setting that programs only see when they begin."""


@dataclass(slots=True)
class Stage:
    """A host that stands, with what listens on it.

    Attributes:
        closed: (place, protocol, port) where nobody listens.
        refused: changes that the kernel or a tool refused, and why: they are no part of the host.
    """

    host: RandomHost
    lab: Lab
    selector: selectors.DefaultSelector
    closed: frozenset[tuple[str, str, int]] = frozenset()
    refused: list[str] = field(default_factory=list)

    def send(self, wanted: tuple[Probe, ...], *, quiet: float = 0.15) -> list[Outcome]:
        """Send probes as real packets."""
        return send(self.lab, self.selector, wanted, quiet=quiet, limit=4 * quiet)


@contextmanager
def stage(host: RandomHost) -> Iterator[Stage]:
    """Build a host, and take it away."""
    selector = selectors.DefaultSelector()
    with Lab() as lab, selector:
        oddities = [(str(oddity), change) for _, oddity in host.oddities for change in oddity.changes]
        closed = frozenset((change.place, *_port(change.text)) for _, change in oddities if change.tool == "closed")
        standing = Stage(host, lab, selector, closed)
        for _, change in oddities:
            if change.text.startswith(_EARLY):
                lab.apply(change)
        listeners = Listeners(lab, selector, proxies=not host.hairpin, closed=closed)
        listeners.start()
        for change in host.changes():
            if reason := lab.apply(change):
                raise RuntimeError(f"{host}\n{change}: {reason}")
        for name, change in oddities:
            if change.tool != "closed" and (reason := lab.apply(change)):
                standing.refused.append(f"{name}: {reason}")
        warm(lab)
        try:
            yield standing
        finally:
            listeners.stop()


def _port(text: str) -> tuple[str, int]:
    protocol, _, port = text.partition(" ")
    return protocol, int(port)
