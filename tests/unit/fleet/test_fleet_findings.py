"""A person on call asks first: who is hit, by what, since when, and what these hosts have in common."""

from pathlib import Path
from typing import Any

import pytest
from doctor.reports import _fleet_words as words

from tests.unit.fleet.fleet_kit import DAY, HOUR, finding, merged, report, write

SHIM = finding("engine/shim-missing", "critical")
LOGS = finding("logging/unbounded", "warning")
FAILED = {"probes": [{"name": "start", "outcome": "fail"}]}


def symptom(of: dict[str, Any]) -> dict[str, Any]:
    """A failed test container that the finding explains."""
    return finding("probe/start-failed", causes=[of["fingerprint"]])


def test_the_headline_says_what_is_lost_and_where(tmp_path: Path) -> None:
    """A test container that failed proves it."""
    write(tmp_path, *(report(name, SHIM, symptom(SHIM), **FAILED) for name in "cab"), report("d"))
    first, second = merged(tmp_path).findings
    assert words.headline(first, 4, 5) == "3 of 4 hosts can't start containers: engine/shim-missing on a, b, c"
    assert (first.explains, second.because) == (("probe/start-failed",), ("engine/shim-missing",))
    assert "explains probe/start-failed" in words.remarks(first, 4)


def test_what_a_check_declares_is_only_likely(tmp_path: Path) -> None:
    write(tmp_path, report("a", SHIM), report("b"))
    (found,) = merged(tmp_path).findings
    assert words.headline(found, 2, 5) == "1 of 2 hosts likely can't start containers: engine/shim-missing on a"


def test_a_test_container_that_passed_refutes_it(tmp_path: Path) -> None:
    passed = {"probes": [{"name": "start", "outcome": "pass"}]}
    write(tmp_path, report("a", SHIM, **passed), report("b"))
    (found,) = merged(tmp_path).findings
    assert words.headline(found, 2, 5) == "1 of 2 hosts: engine/shim-missing on a"


def test_urgent_first(tmp_path: Path) -> None:
    """Causes before symptoms, critical before many, remarks last, waived ones after them."""
    write(
        tmp_path,
        *(report(name, LOGS) for name in "abc"),
        report("d", SHIM, symptom(SHIM), **FAILED),
        report("e", finding("x/remark", "info"), finding("x/known", waived="yes")),
    )
    found = merged(tmp_path).findings
    assert [one.id for one in found] == [
        "engine/shim-missing",
        "logging/unbounded",
        "probe/start-failed",
        "x/remark",
        "x/known",
    ]
    assert [one.is_problem for one in found] == [True, True, True, False, False]


def test_many_hosts_are_counted_not_listed() -> None:
    assert words.names([f"h{number}" for number in range(100)], 3) == "h0, h1, h2 and 97 more"


def test_spreading_is_more_hosts_than_in_the_earlier_reports_of_the_same_hosts(tmp_path: Path) -> None:
    """A host that joined the fleet with the finding did not get it."""
    now = [report(name, SHIM) for name in "abc"] + [report("new", SHIM)]
    write(
        tmp_path,
        *now,
        report("a", SHIM, ago=DAY),
        report("b", ago=DAY),
        report("c", ago=DAY),
        report("c", SHIM, ago=3 * DAY),
    )
    (found,) = merged(tmp_path).findings
    assert (found.before, found.now, found.is_spreading) == (1, 3, True)
    assert "spreading: of the hosts with an earlier report, 3 have it now, and 1 of them had it then" in words.remarks(
        found, 10
    )


def test_one_host_is_no_spread(tmp_path: Path) -> None:
    write(tmp_path, report("a", SHIM), report("a", ago=DAY), report("b"), report("b", ago=DAY))
    assert not merged(tmp_path).findings[0].is_spreading


def test_what_does_not_grow_does_not_spread(tmp_path: Path) -> None:
    write(tmp_path, *(report(name, SHIM, ago=ago) for name in "ab" for ago in (HOUR, DAY)))
    assert not merged(tmp_path).findings[0].is_spreading


def test_a_version_that_explains_it_is_named(tmp_path: Path) -> None:
    bad = {"host": {"engine": "29.0.1"}}
    write(
        tmp_path,
        *(report(f"a{number}", SHIM, host={"engine": "29.0.1"}) for number in range(3)),
        report("b", **bad),
        *(report(f"c{number}") for number in range(6)),
    )
    (found,) = merged(tmp_path).findings
    assert found.only == ("engine", "29.0.1", 4)
    assert "all of these have engine 29.0.1, as 4 of 10 hosts do" in words.remarks(found, 10)


def test_versions_are_counted_with_problems(tmp_path: Path) -> None:
    write(tmp_path, report("a", SHIM), report("b"), report("c", host={"engine": "29.0.1"}))
    found = [(one.of, one.version, one.hosts, one.problems) for one in merged(tmp_path).versions if one.of == "engine"]
    assert found == [("engine", "28.5.2", 2, 1), ("engine", "29.0.1", 1, 0)]


def test_a_host_that_differs_from_those_like_it(tmp_path: Path) -> None:
    many = [finding(f"x/p{number}", "warning") for number in range(7)]
    write(
        tmp_path,
        *(report(f"web{number}") for number in range(10)),
        report("web10", host={"engine": "26.1.5"}),
        report("web11", *many),
        report("db", host={"kernel": "5.15.0"}),
    )
    assert [(one.host, one.like, one.of, one.differences) for one in merged(tmp_path).outliers] == [
        ("db", "Debian 13", 13, ("kernel 5.15.0, and 12 of them have 6.12.1",)),
        ("web10", "web#, Debian 13", 12, ("engine 26.1.5, and 11 of them have 28.5.2",)),
        ("web11", "web#, Debian 13", 12, ("7 problems, and nine of ten have at most 0",)),
    ]


def test_a_version_that_several_have_is_no_outlier(tmp_path: Path) -> None:
    """An upgrade that has begun, for instance."""
    write(tmp_path, *(report(f"web{number}", host={"engine": "29.0.1"} if number < 2 else {}) for number in range(12)))
    assert merged(tmp_path).outliers == ()


def test_few_hosts_have_no_outlier(tmp_path: Path) -> None:
    write(tmp_path, report("a1"), report("a2"), report("a3", host={"engine": "26.1.5"}))
    assert merged(tmp_path).outliers == ()


def test_what_changed_since(tmp_path: Path) -> None:
    old, new = {"ago": 8 * DAY}, {"ago": HOUR}
    write(
        tmp_path,
        *(report("worse", **old), report("worse", SHIM, **new)),
        *(report("better", LOGS, **old), report("better", host={"engine": "29.0.1"}, **new)),
        *(report("same", LOGS, **old), report("same", ago=2 * DAY), report("same", LOGS, **new)),
        report("young", SHIM, **new),
        report("silent", SHIM, **old),
    )
    found = merged(tmp_path, since=1_800_000_000.0 - 7 * DAY).changes
    assert found is not None
    assert found.compared == 3
    assert [(one.id, one.new, one.gone) for one in found.findings] == [
        ("engine/shim-missing", ("worse",), ()),
        ("logging/unbounded", (), ("better",)),
    ]
    assert [(title, before.value, after.value) for title, before, after in found.worse] == [
        ("worse", "clear", "problems")
    ]
    assert [title for title, _, _ in found.better] == ["better"]
    assert [(one.of, one.before, one.after, one.hosts) for one in found.versions] == [
        ("engine", "28.5.2", "29.0.1", ("better",))
    ]
    assert (found.appeared, found.silent) == (("young",), ("silent",))


def test_since_when_is_what_the_hosts_remember(tmp_path: Path) -> None:
    """The one that has it longest is named; text in place of a date is left out."""
    write(
        tmp_path,
        report("a", SHIM | {"seen": {"since": "2026-12-01T00:00:00Z"}}),
        report("b", SHIM | {"seen": {"since": "2026-11-30T22:00:00Z"}}),
        report("c", SHIM | {"seen": {"since": "long ago"}}),
    )
    (found,) = merged(tmp_path).findings
    assert "since 2026-11-30 22:00 UTC, first on b" in words.remarks(found, 3)


def test_a_symptom_follows_its_cause(tmp_path: Path) -> None:
    """Not a problem of another kind; in the short text the cause names it."""
    write(tmp_path, report("a", SHIM, symptom(SHIM), LOGS, **FAILED))
    found = merged(tmp_path)
    assert [one.id for one in words.in_families(found)] == [
        "engine/shim-missing",
        "probe/start-failed",
        "logging/unbounded",
    ]
    assert [one.id for one in words.causes(found)] == ["engine/shim-missing", "logging/unbounded"]


GAP = [{"id": "engine/shim-missing", "outcome": "skip", "reason": "no root", "incomplete": True}]


@pytest.mark.parametrize(
    "blind",
    [{"outcomes": GAP}, {"outcomes": [GAP[0] | {"outcome": "error", "incomplete": False}]}, {"outcomes": []}],
    ids=["incomplete", "error", "did not run"],
)
def test_a_check_that_could_not_look_proves_no_change(tmp_path: Path, blind: dict[str, Any]) -> None:
    """Its finding is not gone, and not new when it can look again; nor does it spread."""
    since = {"since": 1_800_000_000.0 - 7 * DAY}
    # Versions of doctor differ: outcomes are known once for each version and number of checks.
    unsure = {"verdict": {"state": "incomplete", "says": "?"}}
    write(tmp_path / "x", report("a", SHIM, ago=8 * DAY, doctor="1"), report("a", doctor="2", **blind, **unsure))
    lost = merged(tmp_path / "x", **since).changes
    assert lost is not None
    assert [(one.new, one.gone, one.unknown) for one in lost.findings] == [((), (), ("a",))]
    assert lost.better == ()
    pairs = [(report(name, ago=8 * DAY, doctor="2", **blind), report(name, SHIM, doctor="1")) for name in "ab"]
    write(tmp_path / "y", *(one for pair in pairs for one in pair))
    found = merged(tmp_path / "y", **since)
    assert found.changes is not None
    assert found.changes.findings == ()
    assert not found.findings[0].is_spreading


def test_a_scan_without_test_containers_proves_nothing_about_them(tmp_path: Path) -> None:
    failed = finding("probe/start-failed")
    pairs = [(report(name, ago=DAY), report(name, failed, **FAILED)) for name in "ab"]
    write(tmp_path, *(one for pair in pairs for one in pair))
    assert not merged(tmp_path).findings[0].is_spreading
    write(tmp_path, *(report(name, ago=DAY / 2, probes=[{"name": "start", "outcome": "pass"}]) for name in "ab"))
    assert merged(tmp_path).findings[0].is_spreading
