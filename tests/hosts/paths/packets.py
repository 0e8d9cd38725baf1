"""Sends the probes as real packets, all at once, and says which were answered, and by whom."""

import contextlib
import errno
import selectors
import socket
import struct
import time
from collections.abc import Iterable
from dataclasses import dataclass

from tests.hosts.paths.lab import Lab
from tests.hosts.paths.layout import BY_NAME, HOST, NEXT_HOP
from tests.hosts.paths.listeners import BANNER_BYTES, FAMILIES
from tests.hosts.paths.ways import Probe

_ICMP = {4: socket.IPPROTO_ICMP, 6: socket.getprotobyname("ipv6-icmp")}
_PATIENCE_S = 0.12
"""For answers of neighbours on a busy machine: whom somebody still waits for, the model knows nothing about."""
_ECHO = {4: 8, 6: 128}


@dataclass(slots=True)
class Outcome:
    """The fate of a probe.

    Attributes:
        is_connected: whether TCP's first two packets came through.
        by: who answered; "?" for an ICMP answer, which has no name in it.
        error: name of the errno that the sender got.
        received: bytes that came.
    """

    probe: Probe
    is_connected: bool = False
    by: str = ""
    error: str = ""
    received: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether all data came back that was asked for."""
        return self.received >= (BANNER_BYTES + self.probe.data if self.probe.data else 1)

    @property
    def is_answered(self) -> bool:
        """Whether the right one answered, and in full."""
        return self.by in {self.probe.answers, "?"} and self.is_whole

    def __str__(self) -> str:
        if self.by:
            return f"answered by {self.by}{f', {self.received} bytes' * bool(self.probe.data)}"
        return f"{'connected, then ' * self.is_connected}no answer{f' ({self.error})' * bool(self.error)}"


def send(
    lab: Lab, selector: selectors.BaseSelector, probes: Iterable[Probe], *, quiet: float = 0.15, limit: float = 0.8
) -> list[Outcome]:
    """Send all probes and wait until each is answered, or nothing has come for a while.

    Args:
        lab: the host.
        selector: where its listeners wait too.
        probes: what to send.
        quiet: seconds without any event after which the rest counts as lost.
        limit: seconds at most.
    """
    outcomes = [Outcome(probe) for probe in probes]
    by_place: dict[str, list[Outcome]] = {}
    for one in outcomes:
        by_place.setdefault(one.probe.sender, []).append(one)
    waiting: dict[int, socket.socket] = {}
    for place, theirs in by_place.items():
        made = lab.places[place].call(_sockets, [one.probe for one in theirs])
        for one, sender in zip(theirs, made, strict=True):
            if _begin(one, sender):
                waiting[id(one)] = sender
                selector.register(sender, selectors.EVENT_READ, one)
            else:
                sender.close()
    _wait(selector, waiting, quiet, limit)
    for sender in waiting.values():
        selector.unregister(sender)
        sender.close()
    return outcomes


def warm(lab: Lab) -> None:
    """Let everybody ask for its neighbours once, so that neighbour tables are those of a host in use."""
    wanted = []
    for version in (4, 6):
        for one in BY_NAME.values():
            wanted.append((one.name, version, one.bridge.gateway[version]))
            wanted.append((HOST, version, one.address[version]))
            peers = (peer for peer in BY_NAME.values() if peer.bridge is one.bridge and peer is not one)
            wanted += [(one.name, version, peer.address[version]) for peer in peers]
        wanted.append((HOST, version, NEXT_HOP[version]))
    for place in {place for place, _, _ in wanted}:
        lab.places[place].call(_knock, [(version, address) for where, version, address in wanted if where == place])
    time.sleep(_PATIENCE_S)


def _knock(targets: list[tuple[int, str]]) -> None:
    for version, address in targets:
        with contextlib.suppress(OSError), socket.socket(FAMILIES[version], socket.SOCK_DGRAM) as one:
            one.setblocking(False)
            one.sendto(b"", (address, 9))


def _sockets(probes: list[Probe]) -> list[socket.socket]:
    found = []
    for probe in probes:
        if probe.protocol == "icmp":
            made = socket.socket(FAMILIES[probe.version], socket.SOCK_DGRAM, _ICMP[probe.version])
        else:
            kind = socket.SOCK_STREAM if probe.protocol == "tcp" else socket.SOCK_DGRAM
            made = socket.socket(FAMILIES[probe.version], kind)
        made.setblocking(False)
        found.append(made)
    return found


def _begin(one: Outcome, sender: socket.socket) -> bool:
    """Send the first packet; False when the sender is refused at once."""
    probe = one.probe
    try:
        sender.connect((probe.address, probe.port))
        if probe.protocol == "icmp":
            sender.send(struct.pack("!BBHHH", _ECHO[probe.version], 0, 0, 0, 1) + b"probe")
        elif probe.protocol == "udp":
            sender.send(b"probe")
    except BlockingIOError:
        return True
    except OSError as error:
        one.error = errno.errorcode.get(error.errno or 0, str(error))
        return False
    return True


def _wait(selector: selectors.BaseSelector, waiting: dict[int, socket.socket], quiet: float, limit: float) -> None:
    end = time.monotonic() + limit
    while waiting and time.monotonic() < end:
        events = selector.select(quiet)
        if not events:
            return
        for key, _ in events:
            if not isinstance(key.data, Outcome):
                with contextlib.suppress(OSError):
                    key.data()
            elif id(key.data) in waiting and _receive(key.data, waiting[id(key.data)]):
                selector.unregister(waiting.pop(id(key.data))).fileobj.close()  # type: ignore[union-attr]


def _receive(one: Outcome, sender: socket.socket) -> bool:
    """Take what came; True when nothing more is to come."""
    is_first = not one.received
    try:
        data = sender.recv(4096)
        if is_first and one.probe.data:
            sender.send(b"x" * one.probe.data)
    except OSError as error:
        one.error = errno.errorcode.get(error.errno or 0, str(error))
        return True
    one.is_connected = True
    one.received += len(data)
    if is_first:
        one.by = "?" if one.probe.protocol == "icmp" else data.decode(errors="replace").partition(" ")[0]
    return not data or one.is_whole
