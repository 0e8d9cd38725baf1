"""Random fleets against an oracle of a few plain loops: verdicts, hosts of a finding, spreading and changes."""

from pathlib import Path
from random import Random
from typing import Any

import pytest

from doctor.model.verdict import VerdictState
from tests.unit.fleet.fleet_kit import DAY, HOUR, NOW, finding, merged, report, write

IDS = {"a/one": "critical", "a/two": "error", "b/three": "warning", "b/four": "info"}
SINCE = 3 * DAY
Known = dict[str, list[tuple[float, str, dict[str, bool]]]]
"""Name → (age, stated verdict, check → whether it is waived)."""


def made(random: Random) -> tuple[list[dict[str, Any]], Known]:
    """Return reports in any order, and what is in them."""
    reports, known = [], Known()
    for number in range(random.randrange(1, 9)):
        name = f"{random.choice(['web', 'db'])}{number}"
        for age in random.sample(range(1, 200), random.randrange(1, 5)):
            found = {one: random.random() < 0.2 for one in IDS if random.random() < 0.4}
            state = "problems"
            if all(waived or IDS[one] == "info" for one, waived in found.items()):
                state = random.choice(["clear", "healthy", "incomplete"])
            findings = [finding(one, IDS[one], waived="yes" if waived else "") for one, waived in found.items()]
            reports.append(report(name, *findings, ago=age * HOUR, verdict={"state": state}))
            known.setdefault(name, []).append((age * HOUR, state, found))
    random.shuffle(reports)
    return reports, known


def standing(found: dict[str, bool]) -> set[str]:
    return {one for one, waived in found.items() if not waived}


def states(known: Known) -> dict[str, str]:
    """The verdict of the newest report; a stale one is incomplete unless it has problems."""
    found = {}
    for name, reports in known.items():
        age, state, _ = min(reports)
        found[name] = "incomplete" if age > 2 * DAY and state != "problems" else state
    return found


@pytest.mark.parametrize("seed", range(60))
def test_it_agrees_with_plain_loops(tmp_path: Path, seed: int) -> None:
    reports, known = made(Random(seed))
    write(tmp_path, *reports)
    found = merged(tmp_path, since=NOW - SINCE)
    expected = states(known)
    assert {host.title: host.state.value for host in found.hosts} == expected
    worst = next(one for one in ("problems", "incomplete", "clear", "healthy") if one in expected.values())
    assert found.verdict.state is VerdictState(worst)
    newest = {name: min(all_of)[2] for name, all_of in known.items()}
    assert {one.id: set(one.hosts) for one in found.findings if one.hosts} == {
        one: where for one in IDS if (where := {name for name, has in newest.items() if one in standing(has)})
    }
    _compare_changes(found.changes, known, newest)


def _compare_changes(changes: Any, known: Known, newest: dict[str, dict[str, bool]]) -> None:
    base = {}
    for name, reports in known.items():
        before = [one for one in reports if one[0] >= SINCE]
        if before and min(reports)[0] < SINCE:
            base[name] = min(before)[2]
    assert changes.compared == len(base)
    new = {(one, name) for name in base for one in standing(newest[name]) - standing(base[name])}
    gone = {(one, name) for name in base for one in standing(base[name]) - standing(newest[name])}
    assert {(one.id, name) for one in changes.findings for name in one.new} == new
    assert {(one.id, name) for one in changes.findings for name in one.gone} == gone
    assert set(changes.silent) == {name for name, reports in known.items() if min(reports)[0] >= SINCE}


@pytest.mark.parametrize("seed", range(30))
def test_spreading_agrees_with_plain_loops(tmp_path: Path, seed: int) -> None:
    reports, known = made(Random(seed))
    write(tmp_path, *reports)
    both = {name: sorted(reports)[:2] for name, reports in known.items() if len(reports) > 1}
    for one in merged(tmp_path).findings:
        assert one.now == sum(one.id in standing(latest[2]) for latest, _ in both.values())
        assert one.before == sum(one.id in standing(earlier[2]) for _, earlier in both.values())
