"""Messages of a netlink socket and their attributes: lengths that don't fit end the reading, and nothing raises.

Numbers are in the byte order of the machine, except where the caller asks for that of the network.
"""

import socket
import struct
import sys
from collections.abc import Iterator
from typing import NamedTuple

REQUEST, ACK, DUMP = 0x1, 0x4, 0x300
"""NLM_F_ flags of include/uapi/linux/netlink.h."""
INTERRUPTED = 0x10
"""NLM_F_DUMP_INTR: what was listed has changed meanwhile."""
NOOP, ERROR, DONE = 1, 2, 3

_HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")
HEADER_BYTES = _HEADER.size
_KIND_MASK = 0x3FFF  # without NLA_F_NESTED and NLA_F_NET_BYTEORDER


class NetlinkMessage(NamedTuple):
    """One message: type, NLM_F_ flags, number of its request, content after the header."""

    kind: int
    flags: int
    sequence: int
    body: bytes

    @property
    def errno(self) -> int:
        """Return the error number that an ERROR or DONE message carries, 0 for none."""
        return abs(int.from_bytes(self.body[:4], sys.byteorder, signed=True))


def messages(raw: bytes) -> Iterator[NetlinkMessage]:
    """Yield the messages of one datagram; a truncated one at the end is left out.

    >>> [message.kind for message in messages(request(18, b"", sequence=7) + bytes(3))]
    [18]
    """
    at, end = 0, len(raw)
    while at + HEADER_BYTES <= end:
        length, kind, flags, sequence, _ = _HEADER.unpack_from(raw, at)
        if length < HEADER_BYTES or at + length > end:
            return
        yield NetlinkMessage(kind, flags, sequence, raw[at + HEADER_BYTES : at + length])
        at += (length + 3) & ~3


def attributes(raw: bytes, at: int = 0) -> dict[int, bytes]:
    r"""Return type → content of the attributes from an offset on; of a type that occurs twice the last one.

    >>> attributes(attribute(3, b"lo") + attribute(4, number(1500)))
    {3: b'lo', 4: b'\xdc\x05\x00\x00'}
    """
    found = {}
    end, unpack = len(raw), _ATTRIBUTE.unpack_from
    while at + 4 <= end:
        length, kind = unpack(raw, at)
        if length < 4 or at + length > end:
            break
        found[kind & _KIND_MASK] = raw[at + 4 : at + length]
        at += (length + 3) & ~3
    return found


def each(raw: bytes, at: int = 0) -> Iterator[tuple[int, bytes]]:
    """Yield (type, content) of the attributes from an offset on: for lists, where types recur."""
    end = len(raw)
    while at + 4 <= end:
        length, kind = _ATTRIBUTE.unpack_from(raw, at)
        if length < 4 or at + length > end:
            return
        yield kind & _KIND_MASK, raw[at + 4 : at + length]
        at += (length + 3) & ~3


def request(kind: int, body: bytes, *, sequence: int = 0, flags: int = REQUEST) -> bytes:
    """Return a message with its header."""
    return _HEADER.pack(HEADER_BYTES + len(body), kind, flags, sequence, 0) + body


def attribute(kind: int, content: bytes) -> bytes:
    """Return one attribute, padded to four bytes."""
    return _ATTRIBUTE.pack(4 + len(content), kind) + content + bytes(-len(content) % 4)


def number(value: int, size: int = 4) -> bytes:
    """Return an unsigned number as the kernel reads it."""
    return value.to_bytes(size, sys.byteorder)


def unsigned(content: bytes | None, default: int = 0) -> int:
    """Return an unsigned number of up to eight bytes; the default for a missing attribute."""
    return default if content is None else int.from_bytes(content[:8], sys.byteorder)


def signed(content: bytes | None, default: int = 0) -> int:
    """Return a signed number of up to eight bytes; the default for a missing attribute."""
    return default if content is None else int.from_bytes(content[:8], sys.byteorder, signed=True)


def text(content: bytes | None) -> str:
    """Return a text that ends at its first NUL; bytes that aren't UTF-8 become lone surrogates."""
    return "" if content is None else content.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def address(content: bytes | None) -> str:
    """Return an IPv4 or IPv6 address, "" for anything else.

    >>> address(bytes([10, 0, 0, 1])), address(b"?")
    ('10.0.0.1', '')
    """
    if content is None:
        return ""
    if len(content) == 4:
        return socket.inet_ntop(socket.AF_INET, content)
    return socket.inet_ntop(socket.AF_INET6, content) if len(content) == 16 else ""


def mac(content: bytes | None) -> str:
    """Return a MAC address as "02:42:ac:11:00:02", "" for anything else."""
    return "" if content is None or len(content) != 6 else content.hex(":")


def version(family: int) -> int:
    """Return 4 or 6 for an address family, 0 for another one."""
    return 4 if family == socket.AF_INET else 6 if family == socket.AF_INET6 else 0


def family(ip_version: int) -> int:
    """Return the address family of 4 or 6."""
    return socket.AF_INET6 if ip_version == 6 else socket.AF_INET
