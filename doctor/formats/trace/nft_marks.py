"""A netlink batch that creates a table which sets ``nftrace`` for the packets of a trace.

The table belongs to the socket that creates it (``flags owner``, Linux 5.12): the kernel removes it when the socket closes,
so nothing remains of a killed process.
"""

import struct
import sys
from collections.abc import Iterable

from doctor.formats.netlink.messages import ACK, REQUEST, attribute
from doctor.formats.trace.packets import PROTOCOLS, TraceFlow

_BEGIN, _END, _NEW_TABLE, _NEW_CHAIN, _NEW_RULE = 0x10, 0x11, 0xA00, 0xA03, 0xA06
_CREATE, _APPEND = 0x400, 0x800
_NESTED = 0x8000
_OWNER = 2
_INET, _BRIDGE, _NETDEV = 1, 7, 5
_PREROUTING, _OUTPUT, _INGRESS = 0, 3, 0
_FIRST = -450
"""Priority before raw (-300), and before a bridge's own first chains."""
_REGISTER = 1
_META_LENGTH, _META_TRACE, _META_L4 = 0, 12, 16
_TRANSPORT = 2
_EQUAL = 0


def batch(flow: TraceFlow, name: str, family: str, devices: Iterable[str] = ()) -> bytes:
    """Return a batch that creates table ``name`` of a family (inet, bridge, netdev), with chains and rules for a flow."""
    number = {"inet": _INET, "bridge": _BRIDGE, "netdev": _NETDEV}[family]
    hooks = {"in": (_PREROUTING, ""), "out": (_OUTPUT, "")}
    if family == "bridge":
        hooks.pop("out")
    if family == "netdev":
        hooks = {f"in{at}": (_INGRESS, device) for at, device in enumerate(devices)}
    parts = [_message(_BEGIN, REQUEST, 0, b"", resource=10)]
    parts.append(_new(_NEW_TABLE, number, _text(1, name) + _be32(2, _OWNER)))
    for chain, (hook, device) in hooks.items():
        place = _be32(1, hook) + attribute(2, struct.pack(">i", _FIRST)) + (_text(3, device) if device else b"")
        parts.append(_new(_NEW_CHAIN, number, _text(1, name) + _text(3, chain) + _nest(4, place) + _text(7, "filter")))
        for rule in _rules(flow):
            body = _text(1, name) + _text(2, chain) + _nest(4, b"".join(_nest(1, one) for one in rule))
            parts.append(_new(_NEW_RULE, number, body))
    parts.append(_message(_END, REQUEST, 0, b"", resource=10))
    return b"".join(parts)


def _rules(flow: TraceFlow) -> list[list[bytes]]:
    """Return the rules as lists of expressions: the packet by its length, its answers by their destination port."""
    found = [[_meta(_META_LENGTH), _compare(struct.pack("=I", flow.length)), *_mark()]]
    if flow.protocol != "icmp":
        number = struct.pack("=B", PROTOCOLS[flow.protocol])
        port = struct.pack(">H", flow.sport)
        found.append([_meta(_META_L4), _compare(number), _payload(2, 2), _compare(port), *_mark()])
    return found


def _meta(key: int) -> bytes:
    return _expression("meta", _be32(1, _REGISTER) + _be32(2, key))


def _payload(offset: int, length: int) -> bytes:
    where = _be32(1, _REGISTER) + _be32(2, _TRANSPORT) + _be32(3, offset) + _be32(4, length)
    return _expression("payload", where)


def _compare(value: bytes) -> bytes:
    return _expression("cmp", _be32(1, _REGISTER) + _be32(2, _EQUAL) + _nest(3, attribute(1, value)))


def _mark() -> tuple[bytes, bytes]:
    one = _expression("immediate", _be32(1, _REGISTER) + _nest(2, attribute(1, b"\1")))
    return one, _expression("meta", _be32(2, _META_TRACE) + _be32(3, _REGISTER))


def _expression(name: str, data: bytes) -> bytes:
    return _text(1, name) + _nest(2, data)


def _new(kind: int, family: int, body: bytes) -> bytes:
    return _message(kind, REQUEST | ACK | _CREATE | _APPEND, family, body)


def _message(kind: int, flags: int, family: int, body: bytes, *, resource: int = 0) -> bytes:
    # The sequence number is the kind: an error then names what was refused.
    return struct.pack("=IHHIIBBH", 20 + len(body), kind, flags, kind, 0, family, 0, socket_order(resource)) + body


def socket_order(number: int) -> int:
    """Return a 16-bit number in network byte order, as ``htons``."""
    return int.from_bytes(number.to_bytes(2, "big"), sys.byteorder)


def _nest(number: int, value: bytes) -> bytes:
    return attribute(number | _NESTED, value)


def _text(number: int, text: str) -> bytes:
    return attribute(number, text.encode("utf-8", "surrogateescape") + b"\0")


def _be32(number: int, value: int) -> bytes:
    return attribute(number, struct.pack(">I", value))
