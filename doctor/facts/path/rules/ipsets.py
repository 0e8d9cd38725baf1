"""Sets of ipset: their contents from ``ipset save``, and which fields of a packet a rule looks up."""

from collections.abc import Iterator

from msgspec import Struct

from doctor.facts.path.rules import fields, numbers
from doctor.facts.path.rules.fields import Reader
from doctor.facts.path.rules.packet import Packet, Surroundings
from doctor.facts.path.rules.values import ABSENT, Element, Range, Table, Value, table


class IpSet(Struct, frozen=True, kw_only=True):
    """One set.

    Attributes:
        kind: ``hash:net``, ``hash:ip,port`` …
        table: its content; ``None`` if it is not known, or has what this model can't judge.
    """

    kind: str
    table: Table | None


def parse(text: str) -> dict[str, IpSet]:
    r"""Return the sets that ``ipset save`` printed.

    >>> found = parse("create banned hash:net family inet\nadd banned 203.0.113.0/24\n")
    >>> found["banned"].kind, found["banned"].table.has(numbers.address("203.0.113.9")[1])
    ('hash:net', True)
    """
    kinds: dict[str, str] = {}
    elements: dict[str, list[Element] | None] = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) > 2 and words[0] == "create":
            kinds[words[1]] = words[2]
            elements[words[1]] = [] if _is_judged(words[2]) else None
        elif len(words) > 2 and words[0] == "add":
            known = elements.get(words[1])
            element = None if known is None or "nomatch" in words else _element(kinds[words[1]], words[2])
            if known is not None and element is not None:
                known.append(element)
            elif known is not None:
                elements[words[1]] = None
    return {name: IpSet(kind=kind, table=_table(elements.get(name))) for name, kind in kinds.items()}


def _table(elements: list[Element] | None) -> Table | None:
    return None if elements is None else table(((one, True) for one in elements), is_named=True)


def _is_judged(kind: str) -> bool:
    return kind.startswith(("hash:", "bitmap:")) and set(_dimensions(kind)) <= {
        "ip",
        "net",
        "port",
        "iface",
        "mac",
        "mark",
    }


def _dimensions(kind: str) -> list[str]:
    return kind.partition(":")[2].split(",")


def _element(kind: str, text: str) -> Element | None:
    parts: list[Element] = []
    words = text.split(",")
    dimensions = _dimensions(kind)
    if len(words) != len(dimensions):
        return None
    for dimension, word in zip(dimensions, words, strict=True):
        found = tuple(_parts(dimension, word))
        if None in found:
            return None
        parts.extend(part for part in found if part is not None)
    return parts[0] if len(parts) == 1 else tuple(parts)


def _parts(dimension: str, word: str) -> Iterator[Element | None]:
    if dimension in {"ip", "net"}:
        low, _, high = word.partition("-")
        found, last = numbers.network(low), numbers.network(high or low)
        if not isinstance(found, Range) or not isinstance(last, Range):
            yield None
        elif found.low == last.high:
            yield found.low
        else:
            yield Range(found.low, last.high)
    elif dimension == "port":
        protocol, _, port = word.rpartition(":")
        yield numbers.protocol(protocol or "tcp")
        found = numbers.span(port, "-")
        yield found.low if found is not None and found.low == found.high else found
    elif dimension == "mark":
        yield numbers.number(word)
    else:
        yield word.lower() if dimension == "mac" else word


def asked(kind: str, sides: list[str], version: int) -> Reader:
    """Return the reader of what a rule looks up: per dimension a field of the source or the destination."""
    readers: list[Reader] = []
    for dimension, side in zip(_dimensions(kind), [*sides, *("src" for _ in range(8))], strict=False):
        is_source = side.startswith("s")
        if dimension in {"ip", "net"}:
            readers.append(fields.payload("ip" if version == 4 else "ip6", "saddr" if is_source else "daddr"))
        elif dimension == "port":
            readers.extend((fields.META["l4proto"], fields.payload("th", "sport" if is_source else "dport")))
        elif dimension == "iface":
            readers.append(fields.META["iifname" if is_source else "oifname"])
        elif dimension == "mac":
            readers.append(fields.payload("ether", "saddr" if is_source else "daddr"))
        else:
            readers.append(fields.META["mark"])
    return readers[0] if len(readers) == 1 else together(readers)


def together(readers: list[Reader]) -> Reader:
    """Return the reader of a concatenation: absent if a part is."""

    def read(packet: Packet, scope: Surroundings) -> Value:
        values = tuple(reader(packet, scope) for reader in readers)
        return ABSENT if ABSENT in values else values

    return read
