"""Standard output that can't be written: one line says so, and the exit code is that of a failure."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from doctor.cli.app import _COMMANDS

PROGRAM = Path(sys.executable).with_name("doctor")
PRINTING = [
    "--version",
    "--help",
    "--licences",
    "--show-completion bash",
    "__complete sc",
    "scan --select dns --root ROOT",
    "fix dns --root ROOT",
    "undo --list",
    "quarantine list",
    "waive",
    "history list",
    "explain network/ip-forward-off",
    "list formats --format json",
    "schedule status",
    "guard status",
    "fleet REPORT",
    "bundle --help",
]
"""A line of each command that prints without a change of the host."""
_ELSEWHERE = {"probe", "run", "salvage", "report", "kubernetes"}  # they need an engine, a kept scan or a node


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root directory of a host, and a report of it."""
    top = tmp_path_factory.mktemp("host")
    for name in ("etc", "usr", "var"):
        (top / "root" / name).mkdir(parents=True)
    words = ["scan", "--select", "dns", "--root", "ROOT", "--format", "json", "-o", str(top / "report.json")]
    assert run(" ".join(words), top).returncode in {0, 3}
    return top


def run(
    words: str, place: Path, redirection: str = "", *, unbuffered: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run a command line with its output redirected by a shell, as users do."""
    line = words.replace("ROOT", str(place / "root")).replace("REPORT", str(place / "report.json"))
    left = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "DOCTOR"))}
    env = {**left, "DOCTOR_STATE_DIR": str(place / "state"), "DOCTOR_CONFIG": str(place / "doctor.toml")}
    (place / "doctor.toml").touch()
    env |= {"PYTHONUNBUFFERED": "1"} if unbuffered else {}
    shell = ["bash", "-c", f"{PROGRAM} {line} {redirection}"]
    return subprocess.run(shell, capture_output=True, text=True, env=env, check=False)


@pytest.mark.parametrize(("number", "words"), list(enumerate(PRINTING)), ids=PRINTING)
def test_output_that_is_lost_is_an_error(number: int, words: str, place: Path) -> None:
    """On a full disk, and where the caller closed the stream; also if Python writes at once."""
    redirection, why = [(">/dev/full", "no space left on device"), (">&-", "standard output is closed")][number % 2]
    done = run(words, place, redirection, unbuffered=number % 3 == 0)
    said = [line for line in done.stderr.splitlines() if line.startswith("doctor: ")]
    assert said[-1:] == [f"doctor: can't write the output: {why}"]
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert done.returncode in {1, 3}


def test_each_command_is_tried() -> None:
    """A new one has to be in the list above."""
    assert {words.split()[0] for words in PRINTING} | _ELSEWHERE >= set(_COMMANDS)


@pytest.mark.parametrize("words", ["--version", "list checks", "scan --select dns --root ROOT"])
def test_a_reader_that_ended_is_no_error(words: str, place: Path) -> None:
    """As 'doctor … | head -1': nothing is said, and the code is that of a program that SIGPIPE ended."""
    done = run(words, place, "| (exec 0<&-); echo ${PIPESTATUS[0]}", unbuffered=True)
    assert "write" not in done.stderr
    assert done.stdout.strip() in {"0", "3", "141"}  # 0 if it printed before the reader ended


def test_a_lost_report_keeps_the_code_of_its_findings(place: Path) -> None:
    """1 is worse than 3: what was found is not unknown."""
    words = "scan --root ROOT --select config --format json"
    (place / "root/etc/docker").mkdir(exist_ok=True)
    (place / "root/etc/docker/daemon.json").write_text("{")
    for redirection in (">/dev/null", ">/dev/full", ">&-"):
        assert run(words, place, redirection).returncode == 1, redirection
    (place / "root/etc/docker/daemon.json").unlink()


def test_a_closed_stream_that_nobody_uses_is_no_error(place: Path) -> None:
    """A quiet command prints nothing, and a report goes to its file."""
    plain = run("scan --select dns --root ROOT", place).returncode
    assert run("scan --select dns --root ROOT -q", place, "<&- >&- 2>&-").returncode == plain
    done = run("scan --select dns --root ROOT -o REPORT", place, ">&-")
    assert (done.returncode, done.stderr.strip()) == (plain, f"wrote {place / 'report.json'}")
    assert "checks" in (place / "report.json").read_text()


def test_no_file_gets_the_number_of_a_closed_stream(place: Path) -> None:
    """Else the output would be written into it."""
    before = {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}
    run("list checks", place, "<&- >&- 2>&-")
    run("explain dns", place, "<&- >&- 2>&-")
    assert {path: path.read_bytes() for path in before} == before
