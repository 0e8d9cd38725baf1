"""Fixtures of all tests: doctor's own files go to a directory of the test."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from tests.one_file import print_skipped, skip_what_is_lacking

# A busy machine is not a defect: examples have no time limit of their own. CI tries the same examples on every run.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")

# A shell starts what it puts in the background with SIGINT ignored, and processes that a test starts and interrupts inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip in the one file what it does not have."""
    skip_what_is_lacking(items)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Count what was skipped in the one file."""
    print_skipped(terminalreporter)


@pytest.fixture(autouse=True)
def state_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep runs, history and settings of the machine out of the tests."""
    path = tmp_path / "doctor-state"
    monkeypatch.setenv("DOCTOR_STATE_DIR", str(path))
    # Beside the test's directory, so that a test finds that empty; it is there, since a named one must be.
    settings = tmp_path.with_suffix(".toml")
    settings.write_bytes(b"")
    monkeypatch.setenv("DOCTOR_CONFIG", str(settings))
    return path


@pytest.fixture
def quiet() -> Callable[[str], None]:
    """Return a progress function that keeps quiet."""
    return lambda _: None
