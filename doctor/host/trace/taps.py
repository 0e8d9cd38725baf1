"""Taps: one packet socket per network namespace sees each packet of a trace on each device, with its addresses."""

import ctypes
import socket
import struct
from contextlib import suppress

from msgspec import Struct

from doctor.formats.trace.packets import TappedPacket, TraceFlow, direction, matcher, tapped
from doctor.host.readable import readable
from doctor.host.trace.netns import NetPlace

_ALL = 0x0003
_OUTGOING = 4
_SO_ATTACH_FILTER = 26
_LARGEST = 2048
_MOST = 2000


class TapRecord(Struct, frozen=True, kw_only=True):
    """A packet of the trace on a device.

    Attributes:
        place: the name of the namespace.
        device: its name there; ``index`` its number.
        is_sent: whether it leaves by the device.
        way: ``there``, ``back`` or ``error``.
        to_host: whether the hardware address was this host's (PACKET_HOST), or a broadcast.
    """

    place: str
    device: str
    index: int
    is_sent: bool
    way: str
    packet: TappedPacket
    to_host: bool = True


class Tap:
    """The tap of one namespace."""

    def __init__(self, place: NetPlace, flow: TraceFlow) -> None:
        """Open it. Raises ``OSError``."""
        self._name = place.name
        self._flow = flow
        self._socket = place.do(lambda: _opened(flow))
        self.records: list[TapRecord] = []

    def close(self) -> None:
        """Close it."""
        self._socket.close()

    def fileno(self) -> int:
        """Return the descriptor to wait for."""
        return self._socket.fileno()

    def read(self) -> None:
        """Add the packets that have arrived to ``records``."""
        for _ in range(_MOST):
            if len(self.records) >= _MOST or not readable(self._socket.fileno(), 0):
                return
            try:
                raw, (device, _, kind, _, _) = self._socket.recvfrom(_LARGEST)
            except OSError:
                return
            packet = tapped(raw)
            way = "" if packet is None else direction(packet, self._flow)
            if packet is None or not way:
                continue
            index = 0
            self.records.append(
                TapRecord(
                    place=self._name,
                    device=device,
                    index=index,
                    is_sent=kind == _OUTGOING,
                    way=way,
                    packet=packet,
                    to_host=kind in {0, 1, 2, _OUTGOING},
                )
            )


def _opened(flow: TraceFlow) -> socket.socket:
    """Return a packet socket that accepts what may be of the flow; what came before its filter was in place is omitted later."""
    tap = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ALL))
    tap.setblocking(False)
    program = matcher(flow)
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *one) for one in program))
    filled = struct.pack("@HP", len(program), ctypes.addressof(code))
    tap.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, filled)
    with suppress(OSError):
        tap.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    return tap
