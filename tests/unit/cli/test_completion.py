"""Completion: a file of its own, and no startup file of the user's is touched."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from doctor.cli.commands import completion
from doctor.model.errors import DoctorError, RefusedError, UsageError


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "home"
    place.mkdir()
    (place / ".bashrc").write_text("precious\n")
    monkeypatch.setenv("HOME", str(place))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    return place


@pytest.mark.parametrize(
    ("shell", "place"),
    [
        ("bash", ".local/share/bash-completion/completions/doctor"),
        ("zsh", ".zfunc/_doctor"),
        ("fish", ".config/fish/completions/doctor.fish"),
    ],
)
def test_one_file_is_written(home: Path, monkeypatch: pytest.MonkeyPatch, shell: str, place: str) -> None:
    monkeypatch.setattr(completion, "shell_name", lambda: shell)
    assert completion.install() == 0
    made = [str(path.relative_to(home)) for path in home.rglob("*") if path.is_file()]
    assert sorted(made) == sorted([".bashrc", place])
    assert (home / ".bashrc").read_text() == "precious\n"
    assert "__complete" in (home / place).read_text()
    program = shutil.which(shell)
    if program and shell == "bash":
        code = f". {home / place}; complete -p doctor"
        assert "doctor" in subprocess.run([program, "-c", code], capture_output=True, text=True, check=True).stdout


def test_another_shell_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(completion, "shell_name", lambda: "tcsh")
    with pytest.raises(UsageError, match="completion does not support 'tcsh'"):
        completion.install()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root writes into another's home")
def test_root_writes_nothing_into_another_users_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And follows no link that leads out of it."""
    monkeypatch.setattr(completion, "shell_name", lambda: "bash")
    os.chown(home, 12345, 12345)
    with pytest.raises(RefusedError, match="home directory belongs to another user"):
        completion.install()
    assert [path.name for path in home.iterdir()] == [".bashrc"]


def test_a_home_that_does_not_exist_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a chroot, or for a user of a service."""
    monkeypatch.setattr(completion, "shell_name", lambda: "bash")
    monkeypatch.setenv("HOME", str(home / "none"))
    with pytest.raises(DoctorError, match=r"none: can't see the home directory: No such file"):
        completion.install()


def test_the_option_is_this_one(home: Path) -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("doctor"), "--install-completion"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "HOME": str(home), "SHELL": "/bin/bash"},
    )
    assert done.returncode in {0, 2}, done.stderr
    assert (home / ".bashrc").read_text() == "precious\n"
