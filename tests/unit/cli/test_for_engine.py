"""``doctor scan --for-engine``: the verdict on an upgrade, and that it is nothing else."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from doctor.api import Finding
from doctor.facts.engine.state import EngineVersion
from doctor.facts.engine.upgrade import EngineUpgrade
from doctor.plugins.load import load as load_catalog
from doctor.scan.resolve import depends
from doctor.scan.suppose import dependent

ROOT = Path(__file__).parents[3]
CASE = "config/deprecated-key/api-cors-header"
"""A host with engine 26 and a key that 28 removed."""


def run(tmp_path: Path, *options: str, case: str = CASE) -> subprocess.CompletedProcess[str]:
    """Scan the host of a case."""
    program = Path(sys.executable).with_name("doctor")
    root = ROOT / "tests/cases" / case / "host"
    return subprocess.run(
        [program, "scan", "--root", root, *options],
        capture_output=True, text=True, check=False,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DOCTOR_STATE_DIR": str(tmp_path / "state"), "COLUMNS": "200"},
    )  # fmt: skip


@pytest.fixture(scope="module")
def today(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """The host as it is."""
    return document(run(tmp_path_factory.mktemp("today"), "-f", "json"))


def document(done: subprocess.CompletedProcess[str]) -> dict[str, object]:
    """The JSON document."""
    found: dict[str, object] = json.loads(done.stdout)
    return found


def ids(found: dict[str, object]) -> dict[str, dict[str, object]]:
    """Findings by id."""
    findings = found["findings"]
    assert isinstance(findings, list)
    return {one["id"]: one for one in findings}


def test_the_supposed_engine_has_problems_that_this_one_has_not(tmp_path: Path, today: dict[str, object]) -> None:
    """The key is removed for engine 28 and only deprecated for engine 26; the report says which engine it is about."""
    then = document(run(tmp_path, "-f", "json", "--for-engine", "28"))
    assert "config/removed-key" not in ids(today)
    assert ids(then)["config/removed-key"]["severity"] == "critical"
    assert (then["exit_code"], then["for_engine"], then["host"]["engine"]) == (1, "28.5.2", today["host"]["engine"])  # type: ignore[index]
    assert str(then["verdict"]["says"]).startswith("after an upgrade to engine 28.5.2: 4 problems found")  # type: ignore[index]
    assert "for_engine" not in today
    assert any("3 problems of these exist already" in note for note in then["notes"])  # type: ignore[attr-defined]
    assert not list(tmp_path.rglob("history.db")), "a supposed engine is not the state of the host"


def test_a_repair_of_today_is_not_offered_for_a_finding_of_then(tmp_path: Path) -> None:
    """'doctor fix' examines the host as it is."""
    done = run(tmp_path, "--for-engine", "28")
    assert "for the upgrade: " in done.stdout
    assert "shows the repair plan" not in done.stdout
    assert done.returncode == 1


def test_the_release_that_runs_changes_nothing(tmp_path: Path, today: dict[str, object]) -> None:
    """Engine 26 supposed on a host with engine 26 finds what it finds today, of the checks that depend on it."""
    then = document(run(tmp_path, "-f", "json", "--for-engine", "26.1.4"))
    assert ids(then).keys() <= ids(today).keys()
    assert "config/removed-key" not in ids(then)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (
            ("--for-engine", "30"),
            "names a release of the engine that doctor does not know — choose one of 26, 27, 28, 29, or",
        ),
        (("--for-engine", "29.x"), "names a release of the engine that doctor does not know"),
        (("--for-engine", "25.0.5"), "is older than the engine 26.1.4"),
        (("--for-engine", "29", "-f", "prometheus"), "choose another --format"),
        (("--for-engine", "29", "--since-last"), "leave out --since-last"),
        (("--for-engine", "29", "--probe"), "leave out --probe"),
    ],
)
def test_wrong_use_is_refused_with_a_way_out(tmp_path: Path, options: tuple[str, ...], says: str) -> None:
    """Exit 2, nothing on standard output."""
    done = run(tmp_path, *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr


def test_the_checks_are_those_that_read_the_version() -> None:
    """By their parameters, through facts too: nobody keeps a list."""
    catalog = load_catalog()
    chosen = dependent(catalog, catalog.checks)
    assert {"config/removed-key", "storage/driver-removed", "versions/engine-eol", "firewall/rule-missing"} <= set(
        chosen
    )
    assert not {"network/ip-forward-off", "resources/disk-full", "config/invalid-json"} & set(chosen)


def test_a_dependency_through_facts_is_found() -> None:
    """A fact that reads the version reads the supposed one."""

    def direct(version: EngineVersion) -> list[Finding]:
        raise NotImplementedError(version)

    def none(text: Finding) -> list[Finding]:
        raise NotImplementedError(text)

    assert depends(direct, EngineUpgrade)
    assert not depends(none, EngineUpgrade)


@pytest.mark.parametrize(
    ("before", "crosses"), [((26, 1, 5), True), ((28, 0, 0), False), ((28, 5, 2), False), (None, False)]
)
def test_an_upgrade_crosses_a_release_once(before: tuple[int, int, int] | None, crosses: bool) -> None:
    """From below it, to it or above."""
    after = EngineVersion(text="29.0.0", release=(29, 0, 0), source="test")
    assert EngineUpgrade(before=before, after=after).crosses(28, 0, 0) is crosses
