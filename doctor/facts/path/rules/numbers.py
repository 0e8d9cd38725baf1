"""Addresses, ports, marks and names as conditions spell them, and their numbers."""

import socket
from functools import lru_cache

from doctor.facts.path.rules.packet import PROTOCOLS
from doctor.facts.path.rules.values import Range

_BITS = {4: 32, 6: 128}
_ICMP_TYPES = {
    "echo-reply": 0, "destination-unreachable": 3, "source-quench": 4, "redirect": 5, "echo-request": 8,
    "router-advertisement": 9, "router-solicitation": 10, "time-exceeded": 11, "parameter-problem": 12,
    "timestamp-request": 13, "timestamp-reply": 14, "info-request": 15, "info-reply": 16,
    "address-mask-request": 17, "address-mask-reply": 18,
}  # fmt: skip
_ICMPV6_TYPES = {
    "destination-unreachable": 1, "packet-too-big": 2, "time-exceeded": 3, "parameter-problem": 4, "echo-request": 128,
    "echo-reply": 129, "mld-listener-query": 130, "mld-listener-report": 131, "mld-listener-done": 132,
    "mld-listener-reduction": 132, "nd-router-solicit": 133, "nd-router-advert": 134, "nd-neighbor-solicit": 135,
    "nd-neighbor-advert": 136, "nd-redirect": 137, "router-renumbering": 138, "ind-neighbor-solicit": 141,
    "ind-neighbor-advert": 142, "mld2-listener-report": 143,
}  # fmt: skip
_DSCP = {"be": 0, "ef": 46, "le": 1, "va": 44} | {f"cs{number}": number << 3 for number in range(8)}
_DSCP |= {f"af{upper}{lower}": (upper << 3) | (lower << 1) for upper in range(1, 5) for lower in range(1, 4)}


def dscp(text: str) -> int | None:
    """Return a traffic class by its name."""
    return _DSCP.get(text)


def icmp_type(text: str, *, version: int) -> int | None:
    """Return a type of ICMP by its name."""
    return (_ICMP_TYPES if version == 4 else _ICMPV6_TYPES).get(text)


def protocol(text: str) -> int | None:
    """Return a protocol by name or number."""
    found = PROTOCOLS.get(text.lower())
    return found if found is not None else number(text)


def number(text: str) -> int | None:
    """Return a decimal or hexadecimal number.

    >>> number("0x10"), number("7"), number("x")
    (16, 7, None)
    """
    try:
        return int(text, 0) if text[:1].isdigit() and len(text) < 40 else None
    except ValueError:
        # A leading zero.
        return int(text) if text.isascii() and text.isdigit() else None


@lru_cache(maxsize=8192)
def address(text: str) -> tuple[int, int] | None:
    """Return (version, number) of an address.

    >>> address("10.0.0.1"), address("::1"), address("x")
    ((4, 167772161), (6, 1), None)
    """
    version = 6 if ":" in text else 4
    try:
        packed = socket.inet_pton(socket.AF_INET6 if version == 6 else socket.AF_INET, text)
    except (OSError, ValueError):
        return None
    return version, int.from_bytes(packed, "big")


def address_number(text: str) -> int | None:
    """Return an IPv4 address as a number, ``None`` for anything else."""
    found = address(text)
    return found[1] if found is not None and found[0] == 4 else None


def shown(version: int, value: int) -> str:
    """Return the text of an address.

    >>> shown(4, 167772161), shown(6, 1)
    ('10.0.0.1', '::1')
    """
    if version == 4:
        return ".".join(str(value >> shift & 255) for shift in (24, 16, 8, 0))
    return socket.inet_ntop(socket.AF_INET6, value.to_bytes(16, "big"))


def network(text: str) -> Range | tuple[int, int] | None:
    """Return the range of a network, or (mask, value) if its mask has holes.

    >>> network("10.1.0.0/16")
    Range(low=167837696, high=167903231)
    """
    base, _, mask = text.partition("/")
    found = address(base)
    if found is None:
        return None
    version, value = found
    bits = _BITS[version]
    if not mask:
        return Range(value, value)
    if mask.isascii() and mask.isdigit() and len(mask) < 4:
        return prefix(value, min(int(mask), bits), bits)
    masked = address(mask)
    if masked is None or masked[0] != version:
        return None
    length = masked[1].bit_count()
    whole = (1 << bits) - 1
    return (
        prefix(value, length, bits) if masked[1] == whole >> (bits - length) << (bits - length) else (masked[1], value)
    )


def prefix(value: int, length: int, bits: int) -> Range:
    """Return the range of a prefix."""
    rest = (1 << (bits - length)) - 1
    return Range(value & ~rest, value | rest)


def span(text: str, separator: str = ":") -> Range | None:
    """Return a range of numbers: "80", "80:90", ":90", "80:".

    >>> span("80:90")
    Range(low=80, high=90)
    """
    low, found, high = text.partition(separator)
    first = number(low) if low else 0
    last = first if not found else (number(high) if high else 0xFFFF)
    return None if first is None or last is None else Range(first, last)


def masked(text: str, bits: int = 32) -> tuple[int, int] | None:
    """Return (mask, value) of "0x1/0xff"; without a mask all bits count."""
    value, _, mask = text.partition("/")
    first, second = number(value), number(mask) if mask else (1 << bits) - 1
    return None if first is None or second is None else (second, first)
