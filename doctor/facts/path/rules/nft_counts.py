"""Conditions of nft on counts, where the listing itself decides them: connections, and quotas that are used up."""

from collections.abc import Mapping
from typing import Any

from doctor.facts.path.rules.form import Condition, Doubt
from doctor.facts.path.rules.values import one_of
from doctor.formats.json_values import mapping

COUNTS = frozenset({"ct count", "quota"})
_UNITS = {"bytes": 1, "kbytes": 1 << 10, "mbytes": 1 << 20}


def counted(kind: str, body: Any, spelled: str) -> Condition | Doubt:
    """Return the condition of a count, a doubt if packets to come may change it."""
    found = mapping(body)
    held = _connections(found) if kind == "ct count" else _quota(found)
    if held is None:
        return Doubt(spelled)
    return Condition(lambda _packet, _scope: int(held), one_of(1), text=spelled)


def _connections(body: Mapping[str, Any]) -> bool | None:
    """Whether ``ct count over 0`` holds: each connection is one more than none."""
    return True if body.get("val") is not False and body.get("val") == 0 and body.get("inv") is True else None


def _quota(body: Mapping[str, Any]) -> bool | None:
    """Whether a quota is used up, and the rule is about that. The kernel lists no more than the quota itself as used."""
    limit, used = _bytes(body, "val", "bytes"), _bytes(body, "used", "used")
    if limit is None or used is None or used < limit:
        return None
    # Without "over" a rule matches until the quota is used up.
    return body.get("inv") is True


def _bytes(body: Mapping[str, Any], inline: str, named: str) -> int | None:
    """Return a number of bytes: one in a rule has a unit, one of a named quota has none."""
    number = body.get(inline, body.get(named, 0 if inline == "used" else None))
    unit = _UNITS.get(str(body.get(f"{inline}_unit", "bytes")))
    if unit is None or isinstance(number, bool) or not isinstance(number, int):
        return None
    return number * unit
