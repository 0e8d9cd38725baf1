"""Counts of nft that the listing itself decides; all others are unknown. The JSON is what nft 1.1.3 printed."""

import json
from typing import Any

import pytest
from msgspec.structs import replace

from doctor.facts.path.rules import from_nft
from doctor.facts.path.rules.packet import NOTHING_KNOWN, Packet
from doctor.facts.path.rules.ruleset import PathRules
from doctor.facts.path.rules.tables import IptablesRules
from doctor.formats.firewall import nft_json
from tests.unit.facts.path.small_world import ENGINE, WAYS, walked, world

OVER = {"inv": True}


def listed(condition: dict[str, Any], *objects: dict[str, Any]) -> nft_json.NftRuleset:
    place = {"family": "ip", "table": "t"}
    chain = {**place, "name": "f", "type": "filter", "hook": "forward", "prio": 0, "policy": "accept"}
    rule = {**place, "chain": "f", "handle": 6, "expr": [condition, {"drop": None}]}
    quotas = [{"quota": place | one} for one in objects]
    return nft_json.parse(json.dumps({"nftables": [*quotas, {"chain": chain}, {"rule": rule}]}).encode())


def inline(limit: int, used: int, *units: str, **more: Any) -> dict[str, Any]:
    of_limit, of_used = units or ("bytes", "bytes")
    return {"quota": {"val": limit, "val_unit": of_limit, "used": used, "used_unit": of_used} | more}


@pytest.mark.parametrize(
    ("condition", "held"),
    [
        ({"ct count": {"val": 0, **OVER}}, True),
        ({"ct count": {"val": 0}}, None),
        ({"ct count": {"val": 4, **OVER}}, None),
        ({"ct count": {"val": False, **OVER}}, None),
        (inline(50, 50, **OVER), True),
        (inline(50, 40, **OVER), None),
        (inline(20, 20, "kbytes", "kbytes"), False),
        (inline(20, 25, "kbytes", "bytes", **OVER), None),
        (inline(20, 20480, "kbytes", "bytes", **OVER), True),
        (inline(20, 20, "gbytes", "gbytes", **OVER), None),
        (inline(True, True, **OVER), None),
        ({"quota": {"val": 20, "val_unit": "kbytes"}}, None),
        ({"quota": "nobody"}, None),
        ({"quota": {"map": {"key": {"payload": {"protocol": "ip", "field": "daddr"}}, "data": "@m"}}}, None),
    ],
)
def test_a_count_is_decided_by_its_listing_or_unknown(condition: dict[str, Any], held: bool | None) -> None:
    [rule] = listed(condition).rules
    assert from_nft.rule_of(rule, {}).holds(Packet(), NOTHING_KNOWN) is held


@pytest.mark.parametrize(
    ("limit", "used", "over", "held"),
    [(40, 40, True, True), (40, 30, True, None), (40, 40, False, False), (40, 0, False, None)],
)
def test_a_named_quota_is_looked_up(limit: int, used: int, over: bool, held: bool | None) -> None:
    named = {"name": "q", "bytes": limit, "used": used, "inv": over}
    [rule] = listed({"quota": "q"}, named, {"name": "other", "bytes": 1, "used": 1, "inv": not over}).rules
    assert from_nft.rule_of(rule, {}).holds(Packet(), NOTHING_KNOWN) is held


def test_a_quota_of_another_table_is_another_one() -> None:
    ruleset = listed({"quota": "q"}, {"name": "q", "table": "u", "bytes": 1, "used": 1, "inv": True})
    assert from_nft.rule_of(ruleset.rules[0], {}).holds(Packet(), NOTHING_KNOWN) is None


@pytest.mark.parametrize(
    ("condition", "end"),
    [
        ({"ct count": {"val": 0, **OVER}}, "dropped"),
        (inline(9, 9, **OVER), "dropped"),
        (inline(9, 8, **OVER), "unknown"),
    ],
)
def test_packets_end_at_a_count_that_drops_each(condition: dict[str, Any], end: str) -> None:
    small = world()
    saves = [IptablesRules.parse("iptables-save", ENGINE)]
    small.places["host"] = replace(small.host, rules=PathRules(saves=saves, nft=listed(condition)))
    found = walked(small, WAYS["egress"])
    assert (found.end, found.cause if end == "dropped" else "") == (end, "rule" if end == "dropped" else "")
