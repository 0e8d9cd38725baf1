"""A repair that was killed: no scan and no plan calls the host healthy, and a quiet one says why."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from doctor.cli.common import SharedOptions
from doctor.cli.repair_lock import warn_unfinished
from doctor.host.recorded import RootHost
from doctor.model.exit_code import ExitCode
from doctor.model.verdict import Scope
from doctor.repair.apply import alone
from tests.unit.cli.report.test_kept_repairs import NAME, run_of, state
from tests.unit.reports import samples

PROGRAM = Path(sys.executable).with_name("doctor")
QUIET = SharedOptions(verbose=False, quiet=True, colour=False)
HERE = RootHost("/")
__all__ = ["state"]
LEFT = f"repair {NAME} is unfinished: 'doctor undo' rolls it back, 'doctor fix --resume' finishes it"


@pytest.fixture(autouse=True)
def _found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shell finds doctor: the sentences then have its plain name."""
    monkeypatch.setenv("PATH", f"{PROGRAM.parent}:{os.environ['PATH']}")


def test_a_quiet_command_says_so(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Also of an undo; a repair that ended says nothing."""
    run = run_of(result="")
    assert warn_unfinished(HERE, QUIET) == LEFT
    assert capsys.readouterr().err == f"{LEFT}\n"
    run.finish("applied")
    assert warn_unfinished(HERE, QUIET) == ""
    run_of("0002-20270115-090000", undoes=NAME, result="")
    assert warn_unfinished(HERE, QUIET) == f"the undo of repair {NAME} is unfinished: 'doctor undo' finishes it"


def test_a_repair_of_another_root_is_no_doubt(state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is named, because it has to be ended, and the verdict on this host remains."""
    run_of(result="")
    assert warn_unfinished(RootHost(str(tmp_path)), QUIET) == ""
    assert LEFT in capsys.readouterr().err


def test_a_run_that_can_not_be_read_is_a_doubt(state: Path) -> None:
    """It may be unfinished."""
    run = run_of(result="")
    (Path(run.path) / "plan.json").write_bytes(b"\0")
    (Path(run.path) / "journal").write_bytes(b"garbage\nmore\n")
    assert warn_unfinished(HERE, QUIET).startswith("it is unknown whether a repair is unfinished (run ")


def test_a_doctor_at_work(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is named; the host is in doubt from its first change on."""
    with alone():
        assert warn_unfinished(HERE, QUIET) == ""
        run_of(result="")
        assert warn_unfinished(HERE, QUIET) == f"another doctor (process {os.getpid()}) is changing this host"
    assert capsys.readouterr().err.count("these results may be out of date\n") == 2


def test_no_such_host_is_healthy() -> None:
    """With a problem, the code is that of the problem."""
    scope = Scope(unfinished=LEFT)
    proven = replace(samples.CLEAR, probes=samples.PASSED, scope=scope).verdict
    assert proven.says.startswith(f"no problem found, but {LEFT}")
    assert (proven.exit_code, proven.is_green) == (ExitCode.INCOMPLETE, False)
    broken = replace(samples.CLEAR, findings=(samples.FORWARD,), scope=scope).verdict
    assert broken.says.startswith(f"1 problem found (critical); {LEFT}")
    assert broken.exit_code == ExitCode.FOUND


@pytest.mark.parametrize("words", [("-q", "scan", "--select", "dns"), ("scan", "-q", "--select", "dns"), ("-q", "fix")])
def test_one_line_and_the_code(state: Path, tmp_path: Path, words: tuple[str, ...]) -> None:
    """On standard error; nothing on standard output."""
    root = tmp_path / "root"
    for name in ("etc", "usr", "var"):
        (root / name).mkdir(parents=True)
    run_of(result="", root=str(root))
    done = subprocess.run([PROGRAM, *words, "--root", str(root)], capture_output=True, text=True, check=False)
    assert done.returncode == ExitCode.INCOMPLETE
    assert done.stdout == ""
    assert done.stderr.splitlines()[0] == LEFT
