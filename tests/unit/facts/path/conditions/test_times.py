"""Conditions on the clock: decided where they hold for a minute around, as the kernel does with what nft and iptables print."""

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from doctor.facts.path.rules import from_iptables, from_nft
from doctor.facts.path.rules.packet import NOTHING_KNOWN, Packet, Surroundings
from doctor.facts.path.rules.ruleset import PathRules
from doctor.facts.path.rules.tables import IptablesRules
from doctor.formats.firewall.iptables_save import Rule
from doctor.formats.firewall.nft_json import NftRule
from tests.unit.facts.path.small_world import ENGINE, WAYS, walked, world

NOON_MONDAY = datetime(2026, 11, 30, 12, 0, 30, tzinfo=UTC).timestamp()


class At(Surroundings):
    """A host whose clock shows a time."""

    def __init__(self, now: float) -> None:
        """Know the time."""
        self.now = now

    def clock(self) -> float:
        """Return it."""
        return self.now


def nft(key: str, operator: str, right: Any) -> NftRule:
    match = {"match": {"op": operator, "left": {"meta": {"key": key}}, "right": right}}
    return NftRule(family="ip", table="t", chain="f", handle=1, expressions=(match, {"drop": None}), comment="")


def span(low: str, high: str) -> dict[str, Any]:
    return {"range": [low, high]}


@pytest.mark.parametrize(
    ("key", "operator", "right", "held"),
    [
        ("hour", "==", span("10:00", "13:00"), True),
        ("hour", "!=", span("10:00", "13:00"), False),
        ("hour", "==", span("12:01", "13:00"), None),
        ("hour", "==", span("10:00", "12:01:29"), None),
        ("hour", "==", span("10:00", "12:01:30"), True),
        ("hour", "==", span("12:02", "13:00"), False),
        ("hour", "in", span("22:00", "05:00"), False),
        ("hour", "in", span("22:00", "13:00"), True),
        ("hour", "==", "12:00:30", None),
        ("hour", "==", "12:05", False),
        ("hour", ">=", "11:00", True),
        ("hour", "<", "11:00", False),
        ("hour", "==", {"set": [span("09:00", "10:00"), span("11:00", "13:00")]}, True),
        ("hour", "==", {"set": [span("09:00", "10:00"), "noon"]}, None),
        ("hour", "==", "@hours", None),
        ("hour", "==", 43200, None),
        ("time", ">", "2026-01-02 10:00:00", True),
        ("time", "==", span("2026-12-01 00:00:00", "2027-01-01 00:00:00"), False),
        ("time", "==", span("2027-01-01 00:00:00", "2026-01-01 00:00:00"), None),
        ("time", "<", "2026-11-31 10:00:00", None),
        # At noon it is Sunday to Tuesday somewhere: the kernel's own zone is not known.
        ("day", "==", "Monday", None),
        ("day", "==", span("Sunday", "Tuesday"), True),
        ("day", "==", "Thursday", False),
        ("day", "!=", {"set": ["Thursday", "Saturday"]}, True),
        ("day", "<", "Thursday", None),
    ],
)
def test_a_time_of_nft_is_compared_with_the_hosts_clock(key: str, operator: str, right: Any, held: bool | None) -> None:
    rule = from_nft.rule_of(nft(key, operator, right), {})
    assert rule.holds(Packet(), At(NOON_MONDAY)) is held
    assert rule.holds(Packet(), NOTHING_KNOWN) is None


@pytest.mark.parametrize(
    ("options", "held"),
    [
        ("--timestart 10:00:00 --timestop 13:00:00", True),
        ("--timestart 10:00:00 --timestop 12:01:00", None),
        ("--timestart 22:00:00 --timestop 05:00:00", False),
        ("--timestart 12:00:00 --timestop 12:00:00", True),
        ("--timestart 10:00:00 --timestop 13:00:00 --datestop 2038-01-19T03:14:07", True),
        ("--timestart 10:00:00 --timestop 13:00:00 --weekdays Tue,Wed", False),
        ("--timestart 10:00:00 --timestop 13:00:00 ! --weekdays Tue,Wed", True),
        ("--monthdays 1,2,30", True),
        ("--monthdays 1,2,29", False),
        ("--datestart 2026-12-01T00:00:00", False),
        ("--datestop 2026-11-30T12:01:00", None),
        # The night that began on Sunday at 20:00 lasts until 14:00.
        ("--timestart 20:00:00 --timestop 14:00:00 --weekdays Sun --contiguous", True),
        ("--timestart 20:00:00 --timestop 14:00:00 --weekdays Sun", False),
        ("--timestart 10:00:00 --timestop 13:00:00 --kerneltz", None),
        ("--timestart 10:00:00 --timestop 13:00:00 --utc", True),
        ("--timestart 10:00 --timestop 25:00", None),
        ("--weekdays Mon,1", None),
        ("--timestart 10:00:00 --timestart 10:00:00", None),
    ],
)
def test_a_time_of_iptables_is_compared_with_the_hosts_clock(options: str, held: bool | None) -> None:
    rule = from_iptables.rule_of(
        Rule(table="filter", chain="FORWARD", text=f"-A FORWARD -p tcp -m time {options} -j DROP", line=1)
    )
    assert rule.holds(Packet(), At(NOON_MONDAY)) is held
    assert rule.holds(Packet(), NOTHING_KNOWN) is None


@pytest.mark.parametrize(
    ("stop", "now", "end"),
    [("13:00:00", NOON_MONDAY, "dropped"), ("12:01:00", NOON_MONDAY, "unknown"), ("13:00:00", None, "unknown")],
)
def test_packets_end_at_a_rule_of_this_hour(stop: str, now: float | None, end: str) -> None:
    rule = f"-A FORWARD -m time --timestart 10:00:00 --timestop {stop} --datestop 2038-01-19T03:14:07 -j DROP"
    lines = ENGINE.splitlines()
    place = next(number for number, line in enumerate(lines) if line.startswith("-A FORWARD"))
    saves = [IptablesRules.parse("iptables-save", "\n".join((*lines[:place], rule, *lines[place:], "")))]
    small = world()
    small.now = now
    small.places["host"] = replace(small.host, rules=PathRules(saves=saves))
    assert walked(small, WAYS["egress"]).end == end
