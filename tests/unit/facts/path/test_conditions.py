"""Conditions judged by the kernel: its rule counters for four packets that were really sent, recorded once.

`known/conditions.json` has each condition with one digit a packet, 1 where the kernel's counter rose (6.18, iptables-nft and
iptables-legacy alike). The sets are those of `SETS`. A condition may be unknown to the model, never wrong.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from doctor.facts.path.rules import from_iptables, from_nft
from doctor.facts.path.rules.form import VerdictMap
from doctor.facts.path.rules.numbers import address
from doctor.facts.path.rules.packet import Packet, Surroundings
from doctor.formats.firewall.iptables_save import Rule
from doctor.formats.firewall.nft_json import NftRule

KNOWN: dict[str, list[tuple[Any, str]]] = json.loads((Path(__file__).parent / "known/conditions.json").read_bytes())
SETS: dict[str, Any] = {
    "banned": {"elem": ["10.9.0.1", {"prefix": {"addr": "10.20.0.0", "len": 16}}]},
    "nets": {"elem": [{"range": ["10.9.0.0", "10.9.0.9"]}, {"prefix": {"addr": "203.0.113.0", "len": 24}}]},
    "pairs": {"elem": [{"concat": ["10.9.0.2", 80]}, {"concat": ["10.9.0.3", 81]}]},
    "elems": {"elem": [{"elem": {"val": "10.9.0.1", "timeout": 3600, "comment": "x"}}, "10.1.1.1"]},
    "m1": {"map": "inet_service", "elem": [["10.9.0.2", 80]]},
    "m2": {"elem": [{"range": [80, 90]}, 8080]},
}
UNKNOWN = 46
"""Rates, chance, time, extensions and fields that a walk does not know: so many conditions of all."""


def number(text: str) -> int:
    found = address(text)
    assert found is not None
    return found[1]


OWN = number("10.9.0.1")
PLAIN = Packet(
    outside="d0", source=OWN, source_type="local", destination_type="unicast", mark=0, ct_mark=0, ttl=64, dscp=0,
    is_local_out=True, user=0, group=0, is_snat=False, is_reply=False, port_in="", port_out="",
)  # fmt: skip


def sent(to: str, protocol: str, sport: int | None, port: int | None, length: int, **more: Any) -> Packet:
    target = number(to)
    fields = {"destination": target, "protocol": protocol, "sport": sport, "port": port, "length": length}
    return replace(PLAIN, **fields, original=(OWN, target, sport, port), **more)


PACKETS = (
    sent("10.9.0.2", "tcp", 41000, 80, 60, tcp_flags=2),
    sent("192.0.2.7", "udp", 42000, 53, 38, mark=0x12),
    sent("10.9.0.2", "icmp", None, None, 36, icmp_type=8, icmp_code=0, ttl=3, dscp=46),
    sent("10.9.0.3", "tcp", 43000, 8080, 40, tcp_flags=0x10),
)


class Sender(Surroundings):
    """The namespace in which the packets were sent: lo and d0 with 10.9.0.1/24."""

    def type_of(self, version: int, address: int | None, link: str) -> str | None:
        """Return ``local`` for its own address."""
        del version, link
        return None if address is None else "local" if address == OWN else "unicast"

    def index_of(self, name: str) -> int | None:
        """Return the interface's number."""
        return {"lo": 1, "d0": 2}.get(name)


def judged(kind: str, listed: Any) -> list[bool | None]:
    if kind == "nft":
        rule = NftRule(family="inet", table="t", chain="o", handle=1, expressions=tuple(listed), comment="")
        ready = from_nft.rule_of(rule, SETS)
        if any(isinstance(part, VerdictMap) for part in ready.parts):
            return [None] * len(PACKETS)
    else:
        ready = from_iptables.rule_of(Rule(table="filter", chain="OUTPUT", text=listed, line=1))
    return [ready.holds(packet, Sender()) for packet in PACKETS]


@pytest.mark.parametrize("kind", KNOWN)
def test_the_kernel_says_the_same(kind: str) -> None:
    wrong = []
    for listed, digits in KNOWN[kind]:
        for place, (found, digit) in enumerate(zip(judged(kind, listed), digits, strict=True)):
            if found is not None and found != (digit == "1"):
                wrong.append((listed, place, found))
    assert wrong == []


def test_few_conditions_are_unknown() -> None:
    unknown = [listed for kind, rows in KNOWN.items() for listed, _ in rows if None in judged(kind, listed)]
    assert 0 < len(unknown) <= UNKNOWN, (len(unknown), unknown)
