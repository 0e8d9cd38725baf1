"""The command line around bundles: what can't be combined is refused, nothing is replaced or recorded unasked."""

import json
from pathlib import Path

import msgspec
import pytest

from doctor.bundle.form import read_file
from doctor.cli import app
from doctor.cli.commands.bundle import BundleOptions
from doctor.cli.commands.bundle import run as take
from doctor.cli.commands.bundled import narrowed
from doctor.cli.common import SharedOptions
from doctor.model.finding import Finding, Subject
from doctor.model.report import HostInfo, ManualFix, PlannedAction, PlanReport
from doctor.model.severity import Applicability, Severity
from doctor.model.verdict import Scope, judge
from tests.cases.bundle_kit import forged
from tests.cases.case import find

SHARED = SharedOptions(verbose=False, quiet=False, colour=False)
HOST = HostInfo(name="web")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The disk of a host with a finding."""
    where = tmp_path_factory.mktemp("disk") / "host"
    find("network/ip-forward-off/after-hardening-file").build(where)
    return where


@pytest.fixture
def path(root: Path, tmp_path: Path) -> Path:
    """A bundle of it."""
    path = tmp_path / "web.bundle"
    assert take(BundleOptions(output=str(path), root=str(root)), SHARED) == 0
    return path


def doctor(*words: str) -> int:
    return app.run([*words])


def test_scan_names_the_host_and_the_time(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    code = doctor("scan", "--bundle", str(path), "--format", "json")
    report = json.loads(capsys.readouterr().out)
    assert report["exit_code"] == code
    assert report["host"]["root"] == str(path)
    assert any(note.startswith("from a bundle: ") for note in report["notes"])


def test_nothing_is_recorded(path: Path, state_dir: Path) -> None:
    doctor("scan", "--bundle", str(path), "-q")
    doctor("fix", "--bundle", str(path), "-q")
    assert not list(state_dir.glob("history*"))


def test_it_is_of_its_owner_alone_and_replaces_nothing(
    path: Path, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text("mine")
    path.chmod(0o644)
    assert doctor("bundle", "--root", str(root), "-o", str(path)) == 5
    assert path.read_text() == "mine"
    assert "the file exists" in capsys.readouterr().err
    assert doctor("bundle", "--root", str(root), "-o", str(path), "--force") == 0
    assert path.stat().st_mode & 0o777 == 0o600


def test_without_a_plan_it_has_the_facts(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A defect in planning costs the plan alone, and the reader is shown that it is missing."""
    path = tmp_path / "x.bundle"
    monkeypatch.setattr("doctor.cli.commands.bundle.plan_of", lambda *_: 1 // 0)
    assert doctor("bundle", "--root", str(root), "-o", str(path)) == 0
    assert "note: the bundle has no plan: ZeroDivisionError" in capsys.readouterr().err
    assert doctor("scan", "--bundle", str(path), "-q") == 1
    assert doctor("fix", "--bundle", str(path)) == 2
    assert "the bundle has no plan" in capsys.readouterr().err


def test_only_what_its_doctor_did_not_find_is_new(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not what its plan leaves out because it goes by the way."""
    file = read_file(str(path))
    empty = {"actions": [], "manual": [], "remaining": [], "resolves": []}
    plan = msgspec.msgpack.decode(file.contents["plan:safe"]) | empty
    path.write_bytes(forged(file, {"plan:safe": msgspec.msgpack.encode(plan)}))
    doctor("fix", "--bundle", str(path))
    assert "did not know" not in capsys.readouterr().err
    report = msgspec.msgpack.decode(file.contents["report"]) | {"findings": []}
    path.write_bytes(forged(file, {"report": msgspec.msgpack.encode(report)}))
    doctor("fix", "--bundle", str(path))
    assert "note: the doctor that made it did not know " in capsys.readouterr().err


def test_a_dry_run_writes_nothing(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.bundle"
    assert doctor("bundle", "--dry-run", "--root", str(root), "-o", str(path)) == 0
    assert not path.exists()
    said = capsys.readouterr().out
    assert "facts about network" in said
    assert "masked: passwords" in said


@pytest.mark.parametrize(
    "words",
    [
        ("scan", "--probe"),
        ("scan", "--deep"),
        ("scan", "--root", "/mnt"),
        ("scan", "--data-root", "/mnt"),
        ("scan", "--since-last"),
        ("scan", "--scheduled"),
        ("scan", "--for-engine", "29"),
        ("fix", "--apply"),
        ("fix", "--resume"),
        ("fix", "--deep"),
        ("fix", "--root", "/mnt"),
        ("fix", "--choose", "a/b:c=d"),
    ],
)
def test_what_needs_more_than_facts_is_refused(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """Before the file is read: it need not exist. The message names both options, unmasked."""
    assert doctor(*words, "--bundle", "/nonexistent/x.bundle") == 2
    said = capsys.readouterr().err
    assert f"{words[1]} can't be combined with --bundle" in said


@pytest.mark.parametrize(
    "words", [("bundle",), ("bundle", "-o", "/"), ("bundle", "-o", "/nonexistent/x"), ("undo", "--bundle", "x")]
)
def test_a_wrong_command_line_is_refused(words: tuple[str, ...]) -> None:
    assert doctor(*words) == 2


def finding(identity: str) -> Finding:
    return Finding(id=identity, subject=Subject("x", identity), message=identity)


def test_a_narrowed_plan_has_the_stop_of_an_engine_and_counts_again() -> None:
    first, second, by_hand = finding("a/first"), finding("b/second"), finding("b/third")

    def action(number: int, risk: Applicability, *found: Finding) -> PlannedAction:
        return PlannedAction(
            number=number,
            summary=str(number),
            risk=risk,
            fixes=tuple(one.fingerprint for one in found),
            check_ids=tuple(one.id for one in found),
            diff="",
        )

    plan = PlanReport(
        host=HOST,
        doctor="0.1.0",
        started=0.0,
        seconds=0.0,
        actions=(
            action(1, Applicability.DISRUPTIVE),
            action(2, Applicability.SAFE, first),
            action(3, Applicability.DESTRUCTIVE, second),
        ),
        risk=Applicability.DESTRUCTIVE,
        manual=(ManualFix(finding=by_hand, why="w", advice=""),),
        resolves=(first, second),
        remaining=(by_hand,),
        before=judge((), (), fail_on=Severity.WARNING, scope=Scope()),
        probes=(),
    )
    found = narrowed(plan, frozenset({"a/first"}))
    assert [(one.number, one.summary) for one in found.actions] == [(1, "1"), (2, "2")]
    assert (found.risk, found.resolves, found.manual) == (Applicability.DISRUPTIVE, (first,), ())
    assert found.remaining == (by_hand, second)
    none = narrowed(plan, frozenset({"b/third"}))
    assert (none.actions, none.risk, len(none.manual)) == ((), None, 1)
