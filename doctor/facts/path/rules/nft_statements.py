"""Statements of nft: translations, marks, and those without effect on the packet's path."""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from doctor.facts.path.rules import changes, fields, numbers
from doctor.facts.path.rules.fields import Reader
from doctor.facts.path.rules.form import (
    ACCEPT,
    DROP,
    QUEUE,
    STOLEN,
    AnyOf,
    Change,
    Condition,
    Doubt,
    Part,
    RuleVerdict,
)  # fmt: skip
from doctor.facts.path.rules.nft_counts import COUNTS, counted
from doctor.facts.path.rules.nft_expressions import ADDRESSES, PORT, constant, element, field
from doctor.facts.path.rules.nft_sets import Named, values
from doctor.facts.path.rules.packet import Packet
from doctor.facts.path.rules.values import Range, Table, Value, one_of
from doctor.formats.json_values import mapping, text

NO_EFFECT = frozenset({
    "counter", "log", "comment", "ct helper", "ct timeout", "ct expectation", "last", "flow", "dup", "secmark", "reset",
    "map", "tunnel",
})  # fmt: skip
_FAMILIES = {4: 2, 6: 10}
"""AF_INET and AF_INET6, as ``meta nfproto`` reads them."""


def statement(kind: str, body: Any, version: int, named: Named, spelled: str) -> tuple[Part, ...]:
    """Return the parts of a statement that is neither a condition nor a verdict."""
    if kind in NO_EFFECT:
        return ()
    if kind in COUNTS:
        return (counted(kind, body, spelled),)
    if kind == "set":
        # With a rate in it, the statement is a condition.
        return (Doubt(spelled),) if mapping(body).get("stmt") else ()
    if kind == "notrack":
        return (changes.no_track(),)
    if kind == "mangle":
        tracked = mapping(mapping(mapping(body).get("key")).get("ct"))
        if tracked.get("key") == "zone":
            return _zoned(tracked, mapping(body).get("value"))
        return (*_looked_up(mapping(body), named, spelled), _mangle(mapping(body), named))
    if kind in {"dnat", "snat", "masquerade", "redirect"}:
        return _translation(kind, mapping(body), version, named, spelled)
    if kind == "queue":
        return (RuleVerdict(QUEUE, _queue_numbers(mapping(body))),)
    if kind == "fwd":
        # A frame for this host is for nobody on its loopback interface.
        return (RuleVerdict(DROP if mapping(body).get("dev") == "lo" else STOLEN),)
    if kind == "synproxy":
        return (RuleVerdict(STOLEN),)
    if kind == "tproxy":
        return (AnyOf((RuleVerdict(STOLEN),)),)
    return (Doubt(spelled),)


def _zoned(key: dict[str, Any], value: Any) -> tuple[Part, ...]:
    if isinstance(value, int) and not isinstance(value, bool) and not key.get("dir"):
        return (changes.zone(value),)
    # Of one direction, or looked up.
    return (changes.zone(None),)


def _queue_numbers(body: dict[str, Any]) -> str:
    """Return the numbers of the queues, "" if they are computed; "bypass" after them lets packets pass if no program listens."""
    number = body.get("num", 0)
    span = mapping(number).get("range")
    text = ":".join(map(str, span)) if isinstance(span, list) else str(number) if isinstance(number, int) else ""
    return f"{text} bypass" if "bypass" in str(body.get("flags", "")) else text


def _mangle(body: dict[str, Any], named: Named) -> Change:
    key, value = mapping(body.get("key")), body.get("value")
    meta, tracked, payload = mapping(key.get("meta")), mapping(key.get("ct")), mapping(key.get("payload"))
    if meta.get("key") == "mark":
        return changes.mark(_expression(value, key, named))
    if tracked.get("key") == "mark":
        return changes.connection_mark(_expression(value, key, named))
    if payload.get("field") in {"ttl", "hoplimit"}:
        number = value if isinstance(value, int) else None
        return changes.ttl(lambda _before: number)
    if payload.get("field") == "dscp":
        return changes.field("dscp", changes.fixed(value if isinstance(value, int) else numbers.dscp(str(value))))
    if payload.get("field") == "sport":
        return changes.field("sport", changes.fixed(None))
    if payload.get("field") == "dport":
        return changes.field("port", changes.fixed(None))
    if payload.get("field") in {"saddr", "daddr"} and payload.get("protocol") in {"ip", "ip6"}:
        name = "source" if payload["field"] == "saddr" else "destination"
        return changes.field(name, changes.fixed(None))
    if mapping(key.get("tcp option")).get("name") == "maxseg":
        return changes.segment(value) if isinstance(value, int) else _path_segment(value)
    if meta.get("key") == "pkttype":
        return Change("pkttype", lambda packet, _scope: _without_type(packet))
    return Change("", lambda packet, _scope: packet)


def _path_segment(value: Any) -> Change:
    """Return the change to the path's MTU, or to a value that is not known."""
    if mapping(mapping(value).get("rt")).get("key") == "mtu":
        return changes.segment(None)
    return changes.field("segment", changes.fixed(None))


def _looked_up(body: dict[str, Any], named: Named, spelled: str) -> tuple[Part, ...]:
    """Return the condition that a map has the key: without one the rule ends and changes nothing."""
    found = mapping(mapping(body.get("value")).get("map"))
    own, of = field(mapping(body.get("key"))), field(found.get("key"))
    if not found or own is None or of is None:
        return ()
    table = values(found.get("data"), of, named, (own,))
    return () if table is None else (Condition(of.read, table, text=spelled),)


def _without_type(packet: Packet) -> Packet:
    return replace(packet, packet_type=None)


def _expression(value: Any, key: dict[str, Any], named: Named) -> Reader:
    """Return the reader of a value that a statement sets: a number, another field, or one looked up."""
    own = field(key)
    if isinstance(value, int) and not isinstance(value, bool):
        return changes.fixed(value)
    if isinstance(value, dict) and "map" in value:
        body = mapping(value["map"])
        of = field(body.get("key"))
        found = None if of is None or own is None else values(body.get("data"), of, named, (own,))
        if of is not None and found is not None:
            table, read = found, of.read
            return lambda packet, scope: _only(table.find(read(packet, scope)), 0)
        return changes.fixed(None)
    other = field(value)
    if other is not None:
        return other.read
    number = None if own is None else constant(value, own)
    return changes.fixed(number)


def _only(found: tuple[tuple[Any, ...], bool], place: int) -> Value:
    datas, may_miss = found
    if len(datas) != 1 or may_miss or not isinstance(datas[0], tuple) or len(datas[0]) <= place:
        return None
    result = datas[0][place]
    return result if isinstance(result, int) else None


def _translation(kind: str, body: dict[str, Any], version: int, named: Named, spelled: str) -> tuple[Part, ...]:
    own = {"ip": 4, "ip6": 6}.get(text(body.get("family")), 0)
    # Of a table of the family inet, `dnat ip to` is about IPv4 alone.
    only = () if version or not own else (Condition(fields.META["nfproto"], one_of(_FAMILIES[own]), text=spelled),)
    version = own or version or 4
    if isinstance(body.get("addr"), dict) and "map" in body["addr"]:
        return (*only, *_mapped(kind, body, version, named, spelled))
    several = changes.source_of if kind == "snat" else _single
    address, port = _address(body.get("addr"), version, several), _port(body.get("port"))
    looked_up = mapping(mapping(body.get("port")).get("map"))
    if looked_up:
        of = field(looked_up.get("key"))
        table = None if of is None else values(looked_up.get("data"), of, named, (PORT,))
        if of is not None and table is not None:
            only = (*only, Condition(of.read, table, text=spelled))
            port = _data(of.read, table, 0)
        else:
            only = (*only, Doubt(spelled))
    is_random = "random" in str(body.get("flags", ""))
    return (*only, _change(kind, address, port, is_random=is_random), RuleVerdict(ACCEPT))


def _change(kind: str, address: Reader | None, port: Reader | None, *, is_random: bool = False) -> Change:
    if kind == "dnat":
        return changes.destination("dnat", address, port)
    if kind == "redirect":
        return changes.redirect(port)
    return changes.source(kind, address, port, is_random=is_random)


def _single(values: Range) -> Reader:
    return changes.fixed(changes.one(values))


def _address(value: Any, version: int, several: Callable[[Range], Reader] = _single) -> Reader | None:
    if value is None:
        return None
    found = element(value, ADDRESSES[version])
    if isinstance(found, Range):
        return several(found)
    return changes.fixed(found if isinstance(found, int) else None)


def _port(value: Any) -> Reader | None:
    if value is None:
        return None
    found = element(value, PORT)
    if isinstance(found, Range):
        return changes.fixed(changes.one(found))
    return changes.fixed(found if isinstance(found, int) else None)


def _mapped(kind: str, whole: dict[str, Any], version: int, named: Named, spelled: str) -> tuple[Part, ...]:
    """Return the parts of a translation whose address is looked up; a missing key means that the rule does not match."""
    body, port = mapping(mapping(whole.get("addr")).get("map")), whole.get("port")
    of = field(body.get("key"))
    table = None if of is None else values(body.get("data"), of, named, (ADDRESSES[version], PORT))
    if of is None or table is None:
        unknown = _change(kind, changes.fixed(None), None if port is None else changes.fixed(None))
        return (Doubt(spelled), unknown, RuleVerdict(ACCEPT))
    read, has_port = of.read, any(isinstance(data, tuple) and len(data) > 1 for data in table.all_data())

    number = _data(read, table, 1) if has_port else _port(port)
    return (Condition(read, table, text=spelled), _change(kind, _data(read, table, 0), number), RuleVerdict(ACCEPT))


def _data(read: Reader, table: Table, place: int) -> Reader:
    """Return the reader of what a map has for a packet."""
    return lambda packet, scope: _only(table.find(read(packet, scope)), place)
