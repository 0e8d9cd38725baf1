"""DNS messages (RFC 1035), limited to a single query."""

import struct

from doctor.runtime.base.frozen import LaunchError
from doctor.runtime.plan.reader import address_of

_TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28}
_RECURSE = 0x0100
_MAX_JUMPS = 64


def query(name: str, kind: str, identity: int) -> bytes:
    """A recursive question."""
    if kind not in _TYPES:
        raise LaunchError(f"args: type '{kind}' is not one of {', '.join(_TYPES)}", 2)
    labels = [label.encode() for label in name.rstrip(".").split(".")] if name.rstrip(".") else []
    if any(not 1 <= len(label) <= 63 for label in labels) or sum(len(label) + 1 for label in labels) > 254:
        raise LaunchError(f"args: '{name}' is not a domain name", 2)
    asked = b"".join(bytes((len(label),)) + label for label in labels) + b"\0"
    return struct.pack(">HHHHHH", identity, _RECURSE, 1, 0, 0, 0) + asked + struct.pack(">HH", _TYPES[kind], 1)


def records(message: bytes) -> tuple[int, list[dict[str, object]]]:
    """(response code, answers as type and value). Raises LaunchError for a truncated or looping message."""
    try:
        _, flags, questions, answers, _, _ = struct.unpack_from(">HHHHHH", message)
        place = 12
        for _ in range(questions):
            _, place = _name(message, place)
            place += 4
        found: list[dict[str, object]] = []
        for _ in range(answers):
            _, place = _name(message, place)
            kind, _, _, size = struct.unpack_from(">HHIH", message, place)
            place += 10
            found.append({"type": _type_name(kind), "value": _value(message, kind, place, size)})
            place += size
    except (struct.error, IndexError):
        raise LaunchError("the DNS answer is truncated") from None
    return flags & 0xF, found


def _type_name(kind: int) -> str:
    return next((name for name, number in _TYPES.items() if number == kind), str(kind))


def _value(message: bytes, kind: int, place: int, size: int) -> str:
    data = message[place : place + size]
    if kind == 1 and size == 4:
        return ".".join(str(b) for b in data)
    if kind == 28 and size == 16:
        return ":".join(f"{int.from_bytes(data[i : i + 2], 'big'):x}" for i in range(0, 16, 2))
    if kind in (2, 5, 12):
        return _name(message, place)[0]
    return data.hex()


def _name(message: bytes, place: int) -> tuple[str, int]:
    labels, end = [], -1
    for _ in range(_MAX_JUMPS):
        size = message[place]
        if size >= 0xC0:
            end = place + 2 if end < 0 else end
            place = (size & 0x3F) << 8 | message[place + 1]
        elif size:
            labels.append(message[place + 1 : place + 1 + size].decode("utf-8", "replace"))
            place += 1 + size
        else:
            return ".".join(labels), place + 1 if end < 0 else end
    raise LaunchError("a name in the DNS answer loops")


def servers_of(resolv_conf: str) -> list[str]:
    """IPv4 servers of a resolv.conf, in order, at most three (as the C library's MAXNS)."""
    rows = [line.split() for line in resolv_conf.splitlines()]
    return [row[1] for row in rows if len(row) > 1 and row[0] == "nameserver" and address_of(row[1]) is not None][:3]
