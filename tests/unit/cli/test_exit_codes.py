"""The exit codes: one list in the code, and every text that names them names all of them."""

import re
import subprocess
import sys
from pathlib import Path

from doctor.cli.commands import guard
from doctor.model.errors import DoctorError
from doctor.model.exit_code import ExitCode

ROOT = Path(__file__).parents[3]
ALL = [int(code) for code in ExitCode]


def test_the_guide_explains_each_code() -> None:
    table = (ROOT / "docs/guide.md").read_text().partition("| exit code | meaning |")[2].partition("\n\n")[0]
    assert [int(code) for code in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)] == ALL


def test_the_readme_names_each_code() -> None:
    line = (ROOT / "README.md").read_text().partition("Exit codes: ")[2].partition("\n\n")[0]
    assert [int(code) for code in re.findall(r"(?:^|; |\n)(\d+) ", line.replace("\n", " "))] == ALL


def test_the_help_names_each_code() -> None:
    program = Path(sys.executable).with_name("doctor")
    done = subprocess.run([program, "--help"], capture_output=True, text=True, check=True)
    assert [int(code) for code in re.findall(r"^ +(\d+) {2,}\S", done.stdout, re.MULTILINE)] == ALL


def test_every_error_and_the_guard_use_a_code_of_the_list() -> None:
    family = [DoctorError, *DoctorError.__subclasses__()]
    assert {type(error.exit_code) for error in family} == {ExitCode}
    # The guard loads no enum: a start of the engine waits for it.
    assert guard.STOP == ExitCode.START_STOPPED
