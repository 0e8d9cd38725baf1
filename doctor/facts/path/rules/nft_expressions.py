"""Expressions of nft's JSON: which field they read, and how its values are spelled."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from doctor.facts.path.rules import fields, numbers
from doctor.facts.path.rules.fields import Reader
from doctor.facts.path.rules.ipsets import together
from doctor.facts.path.rules.packet import PROTOCOLS, STATES, TCP_FLAGS
from doctor.facts.path.rules.values import ABSENT, Bits, Element, Prefix, Range, Value
from doctor.formats.json_values import mapping, text, texts

Spell = Callable[[str], int | str | None]

_NFPROTO = {"ipv4": 2, "ipv6": 10, "inet": 1, "arp": 3, "netdev": 5, "bridge": 7}
_TYPES = {"unicast": "host"}


class Field(Struct, frozen=True):
    """The left side of a condition.

    Attributes:
        read: returns the value of a packet.
        spell: returns the value of a name on the right side.
        name: ``saddr``, ``daddr``, ``iif``, ``oif`` or ``state``, where rules are sorted by it.
        bits: whether a name on the right is a bit, and a list of them any bit.
        width: of a number in bits, 0 if it is a text.
        parts: the fields of a concatenation.
    """

    read: Reader
    spell: Spell
    name: str = ""
    bits: bool = False
    width: int = 32
    parts: tuple["Field", ...] = ()


def field(left: Any) -> Field | None:
    """Return the field that an expression reads, ``None`` if it can't be judged."""
    if not isinstance(left, dict) or len(left) != 1:
        return None
    kind, body = next(iter(left.items()))
    build = _KINDS.get(kind)
    return None if build is None else build(body)


def element(value: Any, of: Field) -> Element | None:
    """Return a value of the right side as an element of a set, ``None`` if it can't be read."""
    if isinstance(value, dict):
        inner = value.get("elem")
        if isinstance(inner, dict):
            return element(inner.get("val"), of)
        return _spans(value, of)
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if of.width else str(value)
    if not isinstance(value, str):
        return None
    found = of.spell(value)
    if isinstance(found, str) and found.endswith("*"):
        return Prefix(found[:-1])
    return found


def _spans(value: dict[str, Any], of: Field) -> Element | None:
    network = value.get("prefix")
    if isinstance(network, dict):
        base, length = element(network.get("addr"), of), network.get("len")
        if isinstance(base, int) and isinstance(length, int) and 0 <= length <= of.width:
            return numbers.prefix(base, length, of.width)
        return None
    if isinstance(value.get("concat"), list):
        if len(value["concat"]) != len(of.parts):
            return None
        found = [element(part, field) for part, field in zip(value["concat"], of.parts, strict=True)]
        return tuple(part for part in found if part is not None) if None not in found else None
    span = value.get("range")
    if isinstance(span, list) and len(span) == 2:
        low, high = element(span[0], of), element(span[1], of)
        return Range(low, high) if isinstance(low, int) and isinstance(high, int) else None
    return None


def constant(value: Any, of: Field) -> int | None:
    """Return a number, or the bits of a list of names: ``["syn", "ack"]``, ``{"|": ["syn", "ack"]}``."""
    if isinstance(value, dict) and isinstance(value.get("|"), list):
        value = value["|"]
    if isinstance(value, list):
        found = [constant(one, of) for one in value]
        result = 0
        for one in found:
            if one is None:
                return None
            result |= one
        return result
    single = element(value, of)
    return single if isinstance(single, int) else None


def _number(word: str) -> int | None:
    return numbers.number(word)


def _name(word: str) -> str:
    return word


def _from(names: dict[str, int]) -> Spell:
    return lambda word: names.get(word, numbers.number(word))


def _address(version: int) -> Spell:
    def spell(word: str) -> int | None:
        found = numbers.address(word)
        return found[1] if found is not None and found[0] == version else None

    return spell


_META_SPELL: dict[str, tuple[Spell, int]] = {
    "iifname": (_name, 0), "oifname": (_name, 0), "iif": (_name, 0), "oif": (_name, 0), "ibrname": (_name, 0),
    "obrname": (_name, 0), "ibridgename": (_name, 0), "obridgename": (_name, 0),
    "pkttype": (lambda word: _TYPES.get(word, word), 0), "l4proto": (numbers.protocol, 8), "nfproto": (_from(_NFPROTO), 8),
    "protocol": (_from(fields.ETHER_TYPES), 16),
    "skuid": (lambda word: 0 if word == "root" else numbers.number(word), 32),
    "skgid": (lambda word: 0 if word == "root" else numbers.number(word), 32),
}  # fmt: skip


def _meta(body: Any) -> Field | None:
    key = text(mapping(body).get("key"))
    spell, width = _META_SPELL.get(key, (_number, 32))
    name = key.removesuffix("name") if key in {"iifname", "oifname", "iif", "oif"} else key
    return Field(read=fields.META.get(key, fields.unknown), spell=spell, name=name, width=width)


def _payload(body: Any) -> Field | None:
    protocol, name = text(mapping(body).get("protocol")), text(mapping(body).get("field"))
    if not protocol or not name:
        return None
    read = fields.payload(protocol, name)
    if protocol in {"ip", "ip6"} and name in {"saddr", "daddr"}:
        version = 4 if protocol == "ip" else 6
        return Field(read=read, spell=_address(version), name=name, width=32 if version == 4 else 128)
    if protocol in {"icmp", "icmpv6"} and name == "type":
        version = 4 if protocol == "icmp" else 6
        return Field(read=read, spell=lambda word: _icmp(word, version), width=8)
    if protocol == "arp" and name == "operation":
        return Field(read=read, spell=_from({"request": 1, "reply": 2}), width=16)
    if protocol == "arp" and name.endswith(" ip"):
        return Field(read=read, spell=_address(4))
    if name == "flags" and protocol == "tcp":
        return Field(read=read, spell=_from(TCP_FLAGS), bits=True, width=8)
    if name in {"protocol", "nexthdr"}:
        return Field(read=read, spell=numbers.protocol, width=8)
    if name == "dscp":
        return Field(read=read, spell=lambda word: _or_number(numbers.dscp(word), word), width=6)
    if protocol == "ether":
        spell = _from(fields.ETHER_TYPES) if name == "type" else str.lower
        return Field(read=read, spell=spell, width=16 if name == "type" else 0)
    return Field(read=read, spell=_number, name=name, width=16)


def _or_number(found: int | None, word: str) -> int | None:
    return numbers.number(word) if found is None else found


def _icmp(word: str, version: int) -> int | None:
    return _or_number(numbers.icmp_type(word, version=version), word)


def _conntrack(body: Any) -> Field | None:
    key, direction = text(mapping(body).get("key")), text(mapping(body).get("dir"))
    read = fields.conntrack(key, direction)
    if key == "state":
        return Field(read=read, spell=_from(STATES), name="state", bits=True)
    if key == "status":
        return Field(read=read, spell=_from(fields.STATUS), bits=True)
    if key == "direction":
        return Field(read=read, spell=_name, width=0)
    if key in {"protocol", "l3proto"}:
        return Field(read=read, spell=numbers.protocol if key == "protocol" else _from(_NFPROTO), width=8)
    words = key.split()
    if words and words[-1] in {"saddr", "daddr"}:
        version = 6 if "ip6" in words else 4
        return Field(read=read, spell=_address(version), width=32 if version == 4 else 128)
    return Field(read=read, spell=_number)


def _fib(body: Any) -> Field | None:
    result = text(mapping(body).get("result"))
    raw = mapping(body).get("flags")
    flags = frozenset({raw} if isinstance(raw, str) else texts(raw))
    if result == "type" and flags & {"saddr", "daddr"}:
        link = next(iter(flags & {"iif", "oif"}), "")
        return Field(read=fields.address_type("saddr" if "saddr" in flags else "daddr", link), spell=_name, width=0)
    if result in {"oif", "oifname"}:
        return Field(read=fields.way_back(flags), spell=_name, width=0)
    return None


def _concatenation(body: Any) -> Field | None:
    parts = [field(part) for part in body] if isinstance(body, list) else []
    known = tuple(part for part in parts if part is not None)
    if not known or len(known) != len(parts):
        return None
    return Field(read=together([part.read for part in known]), spell=lambda _word: None, parts=known)


def _arithmetic(operator: str) -> Callable[[Any], Field | None]:
    def build(body: Any) -> Field | None:
        if not isinstance(body, list) or len(body) < 2:
            return None
        inner = field(body[0])
        if inner is None or not inner.width:
            return None
        number = constant(body[1] if len(body) == 2 else {"|": body[1:]}, inner)
        if number is None:
            return None
        read = inner.read
        return Field(
            read=lambda packet, scope: _calculated(operator, read(packet, scope), number),
            spell=inner.spell,
            width=inner.width,
        )

    return build


def _calculated(operator: str, value: Value, number: int) -> Value:
    if operator == "&" and isinstance(value, Bits):
        return value.value & number if value.known & number == number else None
    if not isinstance(value, int) or value < 0:
        return value if value is ABSENT else None
    match operator:
        case "&":
            return value & number
        case "|":
            return value | number
        case "^":
            return value ^ number
        case "<<":
            return value << min(number, 128)
    return value >> min(number, 128)


_KINDS: dict[str, Callable[[Any], Field | None]] = {
    "meta": _meta,
    "payload": _payload,
    "ct": _conntrack,
    "fib": _fib,
    "concat": _concatenation,
    "&": _arithmetic("&"),
    "|": _arithmetic("|"),
    "^": _arithmetic("^"),
    "<<": _arithmetic("<<"),
    ">>": _arithmetic(">>"),
}

ADDRESSES = {
    4: Field(read=fields.unknown, spell=_address(4)),
    6: Field(read=fields.unknown, spell=_address(6), width=128),
}
"""How addresses of a version are spelled."""
PORT = Field(read=fields.unknown, spell=_number, width=16)
PROTOCOL = Field(read=fields.unknown, spell=_from(PROTOCOLS), width=8)
