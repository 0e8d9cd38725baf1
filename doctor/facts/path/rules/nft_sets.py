"""Sets and maps of nft: anonymous ones, and named ones with their elements."""

from collections.abc import Iterator, Mapping
from typing import Any

from doctor.facts.path.rules.form import CONTINUE, GOTO, JUMP, RuleVerdict
from doctor.facts.path.rules.nft_expressions import Field, constant, element
from doctor.facts.path.rules.values import Element, Flags, Matcher, Present, Table, table
from doctor.formats.json_values import items, mapping, text

_PLAIN = {kind: RuleVerdict(kind) for kind in ("accept", "drop", "return", "continue", "queue")}

Named = Mapping[str, Any]
"""Sets and maps of a table by name, as listed."""


def matcher(right: Any, of: Field, operator: str, named: Named) -> Matcher | None:
    """Return what a field is compared with, ``None`` if that can't be judged."""
    if isinstance(right, str) and right.startswith("@"):
        return set_of(named.get(right[1:]), of)
    if isinstance(right, dict) and isinstance(right.get("set"), list):
        return _table(((one, True) for one in right["set"]), of)
    if of.bits and operator in {"in", "!"}:
        number = constant(right, of)
        return None if number is None else Flags(number, is_any=True)
    if isinstance(right, bool):
        if of.width:
            return None
        return Present() if right else table([("", True)])
    if isinstance(right, list) or (isinstance(right, dict) and "|" in right):
        number = constant(right, of)
        return None if number is None else table([(number, True)])
    return _table(((right, True),), of)


def set_of(listed: Any, of: Field) -> Table | None:
    """Return a named set."""
    if not isinstance(listed, dict) or _grows(listed):
        return None
    return _table(((one, True) for one in items(listed.get("elem"))), of, is_named=True)


def _grows(listed: Mapping[str, Any]) -> bool:
    """Whether packets themselves put elements into a set or remove them."""
    return "dynamic" in str(listed.get("flags", ""))


def verdicts(data: Any, of: Field, named: Named) -> Table | None:
    """Return a verdict map."""
    listed, is_named = _pairs(data, named)
    if listed is None:
        return None
    pairs = [(one[0], verdict(one[1])) for one in listed if isinstance(one, list) and len(one) == 2]
    if len(pairs) != len(listed):
        return None
    return _table(pairs, of, is_named=is_named)


def values(data: Any, of: Field, named: Named, results: tuple[Field, ...]) -> Table | None:
    """Return a map to values: of an address, or of address and port together."""
    listed, is_named = _pairs(data, named)
    if listed is None:
        return None
    pairs = []
    for one in listed:
        if not isinstance(one, list) or len(one) != 2:
            return None
        pairs.append((one[0], tuple(_results(one[1], results))))
    return _table(pairs, of, is_named=is_named)


def _results(value: Any, results: tuple[Field, ...]) -> Iterator[Element | None]:
    parts = value["concat"] if isinstance(value, dict) and isinstance(value.get("concat"), list) else [value]
    for part, of in zip(parts, results, strict=False):
        yield element(part, of)


def _pairs(data: Any, named: Named) -> tuple[list[Any] | None, bool]:
    if isinstance(data, str) and data.startswith("@"):
        found = named.get(data[1:])
        return (None, True) if not isinstance(found, dict) or _grows(found) else (items(found.get("elem")), True)
    listed = mapping(data).get("set")
    return (listed if isinstance(listed, list) else None), False


def _table(pairs: Any, of: Field, *, is_named: bool = False) -> Table | None:
    found: list[tuple[Element, Any]] = []
    for key, data in pairs:
        if key == "*":
            return None
        one = element(key, of)
        if one is None or data is None:
            return None
        found.append((one, data))
    return table(found, is_named=is_named)


def verdict(value: Any) -> RuleVerdict | None:
    """Return the verdict of a map's element, ``None`` if it is not one."""
    if not isinstance(value, dict) or len(value) != 1:
        return None
    kind, body = next(iter(value.items()))
    plain = _PLAIN.get(kind)
    if plain is not None:
        return plain
    if kind in {JUMP, GOTO}:
        return RuleVerdict(kind, text(mapping(body).get("target")))
    return RuleVerdict(CONTINUE) if kind == "counter" else None
