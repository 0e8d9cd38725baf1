"""Two hosts with one name and one id: recognised by boots, versions and times of their reports, never mixed silently."""

from pathlib import Path
from typing import Any

import pytest

from doctor.model.exit_code import ExitCode
from doctor.model.fleet.report import FleetReport
from doctor.model.verdict import VerdictState
from tests.unit.fleet.fleet_kit import DAY, HOUR, finding, healthy, merged, report, write

ID, ONE, OTHER = "1" * 32, "a" * 32, "b" * 32
WRONG = finding("engine/shim-missing", "critical")
SUSPICION = "these reports may come from two hosts with one name and one id"


def of(boot: str, *findings: dict[str, Any], ago: float, **host: str) -> dict[str, Any]:
    """A report of the host ``web`` in this boot."""
    if findings:
        return report("web", *findings, ago=ago, host={"id": ID, "boot": boot, **host})
    return healthy("web", ago=ago, host={"id": ID, "boot": boot, **host})


def suspicion(found: FleetReport) -> str:
    """Why the only host may be two, "" for no reason."""
    (host,) = found.hosts
    return next((one.removeprefix(SUSPICION).lstrip(": ") for one in host.doubts if one.startswith(SUSPICION)), "")


@pytest.mark.parametrize("order", [1, -1])
def test_boots_that_take_turns(tmp_path: Path, order: int) -> None:
    """Each night both report; the other one's problem counts although the newest report is without."""
    nights = [of(boot, ago=night * DAY + late) for night in (1, 2) for boot, late in ((ONE, 60), (OTHER, 0))]
    write(tmp_path / "x", *[*nights, of(ONE, ago=HOUR + 60), of(OTHER, ago=HOUR)][::order])
    found = merged(tmp_path / "x")
    assert suspicion(found).startswith("two boots took turns until 2027-01-15 07:00")
    assert found.verdict.state is VerdictState.INCOMPLETE
    assert found.exit_code is ExitCode.INCOMPLETE
    write(tmp_path / "y", *[*nights, of(ONE, WRONG, ago=HOUR + 60), of(OTHER, ago=HOUR)][::order])
    found = merged(tmp_path / "y", since=found.started - DAY / 2)
    (host,) = found.hosts
    assert (host.state, host.problems, [one.id for one in host.findings]) == (
        VerdictState.PROBLEMS,
        1,
        ["engine/shim-missing"],
    )
    # A difference between the two is not news.
    assert found.changes is not None
    assert (found.changes.compared, found.changes.findings, found.changes.appeared) == (0, (), ())
    assert any("reports of web may come from two hosts each" in note for note in found.notes)


@pytest.mark.parametrize(
    "reports",
    [
        [of(ONE, ago=3 * DAY), of(ONE, ago=2 * DAY), of(OTHER, ago=DAY), of(OTHER, ago=HOUR)],
        [of(ONE, ago=DAY), of(ONE, ago=DAY), of(ONE, ago=HOUR)],
        [of("", ago=3 * DAY), of(ONE, ago=2 * DAY), of("", ago=DAY)],
        [of("", ago=3 * DAY, kernel="6.1"), of("", ago=2 * DAY, kernel="6.12"), of("", ago=HOUR, kernel="6.1")],
        [of("A" * 32, ago=3 * HOUR), of("x", ago=2 * HOUR), of("A" * 32, ago=HOUR)],
        [of(ONE, ago=2 * HOUR), of(OTHER, ago=HOUR + 2)],
    ],
    ids=["reboot", "a copy", "older doctor", "a kernel that was downgraded", "no boot id", "after each other"],
)
def test_one_host_is_one_host(tmp_path: Path, reports: list[dict[str, Any]]) -> None:
    write(tmp_path, *reports)
    found = merged(tmp_path)
    assert suspicion(found) == ""
    assert found.verdict.state is VerdictState.HEALTHY


def test_a_host_does_not_boot_during_a_scan(tmp_path: Path) -> None:
    """Two clones that begin at 02:00 are recognised in their first night."""
    write(tmp_path, of(ONE, WRONG, ago=HOUR), of(OTHER, ago=HOUR))
    found = merged(tmp_path)
    assert suspicion(found).startswith("two boots took turns")
    assert found.verdict.state is VerdictState.PROBLEMS


def test_without_a_boot_versions_and_times_count(tmp_path: Path) -> None:
    """As in reports of older versions of doctor: less certain, so it has to happen twice."""
    kernels = ("6.1", "6.12", "6.1", "6.12")
    write(tmp_path / "x", *(of("", ago=(9 - at) * HOUR, kernel=kernel) for at, kernel in enumerate(kernels)))
    assert suspicion(merged(tmp_path / "x")) == "kernel 6.1, Debian 13 and kernel 6.12, Debian 13 took turns"
    slow = [of("", ago=night * DAY + late) | {"seconds": 9.0} for night in (0, 1) for late in (HOUR, HOUR + 3)]
    write(tmp_path / "y", *slow)
    assert suspicion(merged(tmp_path / "y")) == "several scans ran at the same time"
    write(tmp_path / "z", *slow[:2])
    assert suspicion(merged(tmp_path / "z")) == ""


def test_bundles_of_clones_and_disks(tmp_path: Path) -> None:
    """A bundle has a boot; a disk that is mounted elsewhere has none, and says nothing about the host that runs."""
    bundles = [of(boot, ago=hours * HOUR, root=f"/b/{hours}") for hours, boot in ((9, ONE), (8, OTHER), (7, ONE))]
    write(tmp_path / "x", *bundles)
    assert suspicion(merged(tmp_path / "x")).startswith("two boots took turns")
    kernels = ("6.1", "6.12", "6.1", "6.12")
    write(tmp_path / "y", *(of("", ago=(9 - at) * HOUR, kernel=kernel, root="/m") for at, kernel in enumerate(kernels)))
    assert suspicion(merged(tmp_path / "y")) == ""


def test_a_host_that_boots_often_is_no_burden(tmp_path: Path) -> None:
    write(tmp_path, *(of(f"{night:032x}", ago=night * HOUR) for night in range(1, 60)))
    assert suspicion(merged(tmp_path)) == ""
    write(tmp_path, of(f"{40:032x}", ago=HOUR / 2))
    assert suspicion(merged(tmp_path)).startswith("two boots took turns")


@pytest.mark.parametrize("seconds", [-5.0, 1e300, 1e-300])
def test_senseless_durations(tmp_path: Path, seconds: float) -> None:
    write(tmp_path, *(of(ONE, ago=hours * HOUR) | {"seconds": seconds} for hours in (1, 2)))
    assert suspicion(merged(tmp_path)) == ""
