"""Probes addresses on a bridge of this host with ARP: an address that answers is in use, whatever records say."""

import socket
import struct
import time
from collections.abc import Iterable
from ipaddress import IPv4Address

from doctor.host.readable import readable

_ARP = 0x0806
_REQUEST, _REPLY = 1, 2
_HEADER = struct.pack(">HHBBH", 1, 0x0800, 6, 4, _REQUEST)
_PATIENCE_S = 0.025
_EVERYONE = b"\xff" * 6


def holders(interface: str, addresses: Iterable[str]) -> frozenset[str]:
    """Return which of these addresses are in use on the interface's link, within 25 ms; empty if no probe can be sent.

    The requests are probes (RFC 5227): they have no sender address, so that no neighbour table changes.
    """
    wanted = {IPv4Address(address).packed: address for address in addresses}
    if not wanted:
        return frozenset()
    try:
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ARP)) as wire:
            wire.bind((interface, _ARP))
            mac = wire.getsockname()[4]
            for target in wanted:
                wire.send(_EVERYONE + mac + struct.pack(">H", _ARP) + _HEADER + mac + bytes(10) + target)
            return frozenset(_answers(wire, wanted))
    except OSError:
        return frozenset()


def _answers(wire: socket.socket, wanted: dict[bytes, str]) -> set[str]:
    found: set[str] = set()
    end = time.monotonic() + _PATIENCE_S
    while len(found) < len(wanted) and (left := end - time.monotonic()) > 0:
        if not readable(wire.fileno(), left):
            break
        frame = wire.recv(2048)
        if len(frame) >= 42 and struct.unpack(">H", frame[20:22])[0] == _REPLY and frame[28:32] in wanted:
            found.add(wanted[frame[28:32]])
    return found
