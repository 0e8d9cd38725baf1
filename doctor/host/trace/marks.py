"""Marks the packets of a trace for nftables, and listens to what its rules do with them."""

import errno
import os
import secrets
import socket
from contextlib import suppress
from functools import partial

from doctor.formats.netlink.messages import ERROR, messages
from doctor.formats.trace.nft_marks import batch
from doctor.formats.trace.nftrace import RuleStep, steps_of
from doctor.formats.trace.packets import TraceFlow
from doctor.host.readable import readable
from doctor.host.trace.netns import NetPlace, in_thread

_NETFILTER = 12
_SOL_NETLINK, _ADD_MEMBERSHIP = 270, 1
_TRACE_GROUP = 9
_FIRST_REQUEST = 0xA00
_PATIENCE_S = 1.0
_BUSY_S = 3.0
_LARGEST = 1 << 17
_MOST = 4000


class Marks:
    """The marking tables of one namespace and a listener; the kernel removes the tables when this closes."""

    def __init__(self, place: NetPlace, flow: TraceFlow, devices: tuple[str, ...] = ()) -> None:
        """Create them; ``refused`` says which could not be. Raises ``OSError`` if netfilter's netlink is missing."""
        self.place = place.name
        self.steps: list[RuleStep] = []
        self.refused: list[str] = []
        self.was_full = False
        self._owner, self._listener = place.do(_sockets)
        name = f"doctor_{secrets.token_hex(6)}"
        families = ["inet", "bridge"] + ["netdev"] * bool(devices)
        for family in families:
            # A change waits for changes of other programs: many rules take seconds.
            code = in_thread(partial(self._create, batch(flow, f"{name}_{family}", family, devices)), _BUSY_S)
            if code:
                self.refused.append(f"{family}: {os.strerror(code)}")

    def _create(self, raw: bytes) -> int:
        """Send a batch; return the first error, 0 for success."""
        self._owner.send(raw)
        # All but the begin and the end of a batch are acknowledged.
        awaited = sum(1 for message in messages(raw) if message.kind >= _FIRST_REQUEST)
        first = 0
        while awaited > 0 and readable(self._owner.fileno(), _PATIENCE_S):
            for message in messages(self._owner.recv(_LARGEST)):
                if message.kind == ERROR:
                    awaited -= 1
                    first = first or message.errno
        return first or (errno.ETIMEDOUT if awaited > 0 else 0)

    def read(self) -> None:
        """Add the steps that have arrived to ``steps``."""
        while len(self.steps) < _MOST and readable(self._listener.fileno(), 0):
            try:
                self.steps += steps_of(self._listener.recv(_LARGEST))
            except OSError as error:
                # ENOBUFS: the kernel had more than the socket holds.
                self.was_full = self.was_full or error.errno == errno.ENOBUFS
                if error.errno != errno.ENOBUFS:
                    return

    def close(self) -> None:
        """Remove the tables."""
        for one in (self._owner, self._listener):
            with suppress(OSError):
                one.close()


def _sockets() -> tuple[socket.socket, socket.socket]:
    owner = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETFILTER)
    owner.setblocking(False)
    owner.bind((0, 0))
    listener = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETFILTER)
    listener.setblocking(False)
    listener.bind((0, 0))
    listener.setsockopt(_SOL_NETLINK, _ADD_MEMBERSHIP, _TRACE_GROUP)
    return owner, listener
