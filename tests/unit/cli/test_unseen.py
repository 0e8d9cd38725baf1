"""A user who is not root reads why his docker commands are refused."""

import grp
import os
import pwd
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from doctor.cli.unseen import socket_note

GROUP = grp.getgrnam("daemon")


@pytest.fixture
def path(tmp_path: Path) -> Iterator[str]:
    """A socket of root and a group, as docker.socket makes it."""
    place = str(tmp_path / "docker.sock")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(place)
        os.chmod(place, 0o660)
        os.chown(place, 0, GROUP.gr_gid)
        yield place


@pytest.fixture
def someone(monkeypatch: pytest.MonkeyPatch) -> str:
    """The user nobody, who may not use it: only the questions of this process are answered for him."""
    user = pwd.getpwnam("nobody")
    monkeypatch.setattr(os, "geteuid", lambda: user.pw_uid)
    monkeypatch.setattr(os, "access", lambda *_: False)
    return user.pw_name


def test_who_is_no_member_reads_how_to_become_one(path: str, someone: str) -> None:
    found = socket_note(path)
    assert found.startswith(
        f"docker commands of user {someone} are refused: only root and group daemon may use {path}; "
    )
    assert f"'sudo usermod -aG daemon {someone}'" in found
    assert "can become root" in found


def test_a_login_that_is_older_than_the_membership(path: str, someone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files name the user, and the groups of his processes are of his login."""
    joined = grp.struct_group(("daemon", "x", GROUP.gr_gid, [someone]))
    monkeypatch.setattr(grp, "getgrgid", lambda _: joined)
    assert socket_note(path).endswith("log in again, or run 'newgrp daemon'")


def test_a_socket_of_root_alone(path: str, someone: str) -> None:
    os.chmod(path, 0o600)
    assert (
        socket_note(path)
        == f"docker commands of user {someone} are refused: only root may use {path}; prefix them with sudo"
    )


def test_who_may_use_it_reads_nothing(path: str, tmp_path: Path) -> None:
    assert socket_note(path) == ""
    assert socket_note(str(tmp_path / "none")) == ""
    assert socket_note(str(tmp_path)) == ""
