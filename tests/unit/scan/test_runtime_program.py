"""The program that runs the test containers: the one file may be removed or replaced while it runs."""

import sys
from pathlib import Path

import pytest

from doctor.scan import runtime_command


def test_a_one_file_that_is_there_is_started_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime_command, "IS_ONE_FILE", True)
    assert runtime_command.runtime_program() == sys.executable


@pytest.mark.parametrize("replaced", [False, True])
def test_the_running_file_is_started_if_its_name_leads_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, replaced: bool
) -> None:
    place = tmp_path / "doctor"
    if replaced:
        place.touch(0o755)
    monkeypatch.setattr(sys, "executable", str(place))
    monkeypatch.setattr(runtime_command, "IS_ONE_FILE", False)
    assert runtime_command.runtime_program() == str(place)  # an interpreter's own business
    monkeypatch.setattr(runtime_command, "IS_ONE_FILE", True)
    assert runtime_command.runtime_program() == "/proc/self/exe"
