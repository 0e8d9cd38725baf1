"""The kernel's own word on rules: nftables reports for each packet which rules it met, chain by chain (NFTRACE)."""

import socket
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from tests.hosts.paths.layout import BRIDGES, CONTAINERS, UPLINK
from tests.hosts.paths.namespace import Namespace

_NETLINK_NETFILTER = 12
_GROUP_TRACE = 9
_SOL_NETLINK, _ADD_MEMBERSHIP = 270, 1
_MESSAGE_TRACE = 10 << 8 | 17
_POLICY, _RETURN, _RULE = 1, 2, 3
VERDICTS = {
    0: "drop",
    1: "accept",
    2: "stolen",
    3: "queue",
    -1: "continue",
    -2: "break",
    -3: "jump",
    -4: "goto",
    -5: "return",
}
FAMILIES = {2: "ip", 10: "ip6", 1: "inet", 7: "bridge", 5: "netdev", 3: "arp"}
_MARKS = "\n".join(
    f"table {family} judge {{ chain {hook} {{ type filter hook {hook} priority {priority};\nmeta nftrace set 1\n}}\n}}"
    for family, hook, priority in (
        ("inet", "prerouting", -450),
        ("inet", "output", -450),
        ("bridge", "prerouting", -450),
        ("bridge", "output", -450),
    )
)

_INGRESS = tuple(
    f'table netdev judge {{ chain {device} {{ type filter hook ingress device "{device}" priority -500;\nmeta nftrace set 1\n}}\n}}'
    for device in (UPLINK, *(one.name for one in BRIDGES), *(one.veth for one in CONTAINERS))
)


@dataclass(slots=True)
class Passage:
    """One packet in one base chain.

    Attributes:
        ip, transport: the packet's headers as it entered; `frame` that of the link.
        rules: (chain, handle, verdict) of each rule that it met and matched.
        state: connection state in bits, 0 if there is no connection; `status` and `direction` likewise.
        verdict: `accept`, `drop` …
        is_policy: whether the chain's policy decided.
    """

    family: str
    table: str
    chain: str
    protocol: int
    inside: int = 0
    outside: int = 0
    mark: int = 0
    frame: bytes = b""
    ip: bytes = b""
    transport: bytes = b""
    state: int = 0
    status: int = 0
    direction: int = 0
    rules: list[tuple[str, int, str]] = field(default_factory=list)
    verdict: str = ""
    is_policy: bool = False


class Tracer:
    """Listens in a namespace; every packet that it sees is marked for tracing."""

    def __init__(self, place: Namespace) -> None:
        self._socket: socket.socket = place.call(_listen)
        if place.run(("nft", "-f", "-"), "\n".join((_MARKS, *_INGRESS))).returncode:
            self._mark_what_is_there(place)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    @staticmethod
    def _mark_what_is_there(place: Namespace) -> None:
        """One mark after the other: a device may be gone."""
        done = place.run(("nft", "-f", "-"), _MARKS)
        if done.returncode:
            raise RuntimeError(done.stderr)
        for one in _INGRESS:
            place.run(("nft", "-f", "-"), one)

    def passages(self) -> list[Passage]:
        """All that was seen since it was last asked, in order."""
        messages = []
        end = time.monotonic() + 2
        while time.monotonic() < end:
            try:
                messages.append(self._socket.recv(1 << 16))
            except BlockingIOError:
                break
            except OSError:  # ENOBUFS: some are lost
                continue
        return list(_joined(one for data in messages for one in _parsed(data)))


def _listen() -> socket.socket:
    made = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_NETFILTER)
    made.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)  # SO_RCVBUFFORCE
    made.bind((0, 0))
    made.setsockopt(_SOL_NETLINK, _ADD_MEMBERSHIP, _GROUP_TRACE)
    made.setblocking(False)
    return made


def _parsed(data: bytes) -> Iterator[dict[int, bytes]]:
    at = 0
    while at + 20 <= len(data):
        length, kind = struct.unpack_from("=IH", data, at)
        if length < 20:
            return
        if kind == _MESSAGE_TRACE:
            yield {0: data[at + 16 : at + 17], **dict(_attributes(data[at + 20 : at + length]))}
        at += (length + 3) & ~3


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(data):
        length, kind = struct.unpack_from("=HH", data, at)
        if length < 4:
            return
        yield kind & 0x3FFF, data[at + 4 : at + length]
        at += (length + 3) & ~3


def _number(data: bytes | None) -> int:
    return int.from_bytes(data, "big") if data else 0


def _name(data: bytes | None) -> str:
    return (data or b"").rstrip(b"\0").decode()


def _joined(messages: Iterator[dict[int, bytes]]) -> Iterator[Passage]:
    """Passages of messages: one begins with the message that has the packet's header."""
    open_: dict[bytes, Passage] = {}
    for one in messages:
        key = one.get(6, b"")
        if 8 in one or 7 in one:
            old = open_.pop(key, None)
            if old is not None and old.verdict:
                yield old
            open_[key] = _begun(one)
        passage = open_.get(key)
        if passage is None:
            continue
        _met(passage, one)
        if passage.verdict:
            yield open_.pop(key)


def _begun(one: dict[int, bytes]) -> Passage:
    return Passage(
        family=FAMILIES.get(one[0][0], ""),
        table=_name(one.get(1)),
        chain=_name(one.get(2)),
        protocol=_number(one.get(15)),
        inside=_number(one.get(10)),
        outside=_number(one.get(12)),
        mark=_number(one.get(14)),
        frame=one.get(7, b""),
        ip=one.get(8, b""),
        transport=one.get(9, b""),
        state=_number(one.get(21)),
        status=_number(one.get(20)),
        direction=_number(one.get(19)),
    )


def _met(passage: Passage, one: dict[int, bytes]) -> None:
    kind = _number(one.get(4))
    code = VERDICTS.get(struct.unpack(">i", dict(_attributes(one[5])).get(1, b"\0\0\0\0"))[0], "?") if 5 in one else ""
    if kind == _POLICY:
        passage.verdict, passage.is_policy = VERDICTS.get(_number(one.get(16)), "?"), True
    elif kind == _RULE:
        passage.rules.append((_name(one.get(2)), _number(one.get(3)), code))
        if code in {"accept", "drop", "stolen", "queue"}:
            passage.verdict = code
