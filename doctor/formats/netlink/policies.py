"""Policies and states of IPsec (XFRM), from the kernel's messages."""

import struct

from msgspec import Struct

from doctor.formats.netlink.messages import address, attributes, number, unsigned, version

GET_STATE, GET_POLICY, GET_POLICY_COUNTS = 0x12, 0x15, 0x25
"""XFRM_MSG_ of include/uapi/linux/xfrm.h."""
COUNTS_REQUEST = number(0)
_SELECTOR = struct.Struct("=16s16s4s4sHBBB3xiI")
_POLICY_BYTES, _STATE_BYTES, _TEMPLATE_BYTES = 168, 224, 64
_AT_PRIORITY, _AT_DIRECTION = 152, 160
_DIRECTIONS = {0: "in", 1: "out", 2: "fwd"}
_PROTOCOLS = {50: "esp", 51: "ah", 108: "comp", 43: "route2", 60: "hao"}
_TEMPLATES, _MARK, _INTERFACE = 5, 21, 31
"""XFRMA_ of include/uapi/linux/xfrm.h."""


class XfrmTemplate(Struct, frozen=True, kw_only=True):
    """A transformation that a policy asks for.

    Attributes:
        destination: the other end of a tunnel, "" if it is the packet's own destination.
        protocol: ``esp``, ``ah`` …; ``reqid`` 0 if any state will do.
        is_optional: whether packets without it pass.
    """

    destination: str = ""
    protocol: str = ""
    reqid: int = 0
    is_optional: bool = False


class XfrmPolicy(Struct, frozen=True, kw_only=True):
    """A policy.

    Attributes:
        direction: ``in``, ``out`` or ``fwd``.
        source: network with its length; ``destination`` likewise.
        protocol: number of the protocol, 0 for any; ``sport``, ``dport`` (port, mask), a mask of 0 for any.
        device: number of an interface, 0 for any; ``interface`` number of an XFRM interface that it is for alone.
        mark: (value, mask) of packets.
    """

    direction: str
    source: str
    destination: str
    version: int = 4
    protocol: int = 0
    sport: tuple[int, int] = (0, 0)
    dport: tuple[int, int] = (0, 0)
    device: int = 0
    interface: int = 0
    mark: tuple[int, int] = (0, 0)
    priority: int = 0
    is_block: bool = False
    templates: tuple[XfrmTemplate, ...] = ()

    @property
    def selector(self) -> str:
        """Direction and networks, as ip(8) takes them: "dir fwd src 172.17.0.0/16 dst 0.0.0.0/0"."""
        ports = "".join(
            f" {name} {port}" for name, (port, mask) in (("sport", self.sport), ("dport", self.dport)) if mask
        )
        protocol = f" proto {self.protocol}{ports}" if self.protocol else ""
        value, mask = self.mark
        mark = f" mark {value:#x} mask {mask:#x}" if mask else ""
        return f"dir {self.direction} src {self.source} dst {self.destination}{protocol}{mark}"


class XfrmState(Struct, frozen=True, kw_only=True):
    """A state, with which packets are transformed; ``destination`` is the receiver's address."""

    destination: str
    protocol: str = "esp"
    reqid: int = 0


def parse_counts(body: bytes) -> int:
    """Return how many policies there are, of an XFRM_MSG_NEWSPDINFO message.

    >>> from doctor.formats.netlink.messages import attribute
    >>> parse_counts(bytes(4) + attribute(1, number(0) + number(2) + number(1) + bytes(12)))
    3
    """
    counts = attributes(body, 4).get(1, b"")
    return sum(unsigned(counts[at : at + 4]) for at in (0, 4, 8))


def parse_policy(body: bytes) -> XfrmPolicy | None:
    """Return the policy of an XFRM_MSG_NEWPOLICY message, ``None`` for one of a single socket.

    >>> parse_policy(b"?") is None
    True
    """
    if len(body) < _POLICY_BYTES:
        return None
    destination, source, dport, sport, family, to_length, from_length, protocol, device, _ = _SELECTOR.unpack_from(body)
    direction = _DIRECTIONS.get(body[_AT_DIRECTION])
    ip = version(family)
    if direction is None or not ip:
        return None
    found = attributes(body, _POLICY_BYTES)
    mark = found.get(_MARK, bytes(8))
    return XfrmPolicy(
        direction=direction,
        source=f"{_address(source, ip)}/{from_length}",
        destination=f"{_address(destination, ip)}/{to_length}",
        version=ip,
        protocol=protocol,
        sport=_port(sport),
        dport=_port(dport),
        device=device,
        interface=unsigned(found.get(_INTERFACE)),
        mark=(unsigned(mark[:4]), unsigned(mark[4:8])),
        priority=unsigned(body[_AT_PRIORITY : _AT_PRIORITY + 4]),
        is_block=bool(body[_AT_DIRECTION + 1]),
        templates=_templates(found.get(_TEMPLATES, b"")),
    )


def parse_state(body: bytes) -> XfrmState | None:
    """Return the state of an XFRM_MSG_NEWSA message, ``None`` for one that has no keys yet.

    >>> parse_state(b"?") is None
    True
    """
    if len(body) < _STATE_BYTES:
        return None
    ip = version(unsigned(body[212:214]))
    if not ip or not any(body[72:76]):
        return None
    return XfrmState(
        destination=_address(body[56:72], ip),
        protocol=_PROTOCOLS.get(body[76], str(body[76])),
        reqid=unsigned(body[208:212]),
    )


def _templates(raw: bytes) -> tuple[XfrmTemplate, ...]:
    found = []
    for at in range(0, len(raw) - _TEMPLATE_BYTES + 1, _TEMPLATE_BYTES):
        ip = version(unsigned(raw[at + 24 : at + 26])) or 4
        is_tunnel = any(raw[at : at + 16])
        found.append(
            XfrmTemplate(
                destination=_address(raw[at : at + 16], ip) if is_tunnel else "",
                protocol=_PROTOCOLS.get(raw[at + 20], str(raw[at + 20])),
                reqid=unsigned(raw[at + 44 : at + 48]),
                is_optional=bool(raw[at + 50]),
            )
        )
    return tuple(found)


def _address(raw: bytes, ip: int) -> str:
    return address(raw[:4] if ip == 4 else raw[:16])


def _port(raw: bytes) -> tuple[int, int]:
    return int.from_bytes(raw[:2], "big"), int.from_bytes(raw[2:], "big")
