"""The record of what containers of doctor's have on the network."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from doctor.state.reserve import Reservations


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DOCTOR_STATE_DIR", str(tmp_path))
    return tmp_path / "reserved"


def test_an_entry_has_one_owner_until_he_gives_it_back(record: Path) -> None:
    one, other = Reservations(), Reservations()
    assert one.take("port-tcp-80")
    assert not one.take("port-tcp-80")
    assert not other.take("port-tcp-80")
    assert other.take("port-udp-80")
    assert (record / "port-tcp-80").read_text() == str(os.getpid())
    one.close()
    assert other.take("port-tcp-80")
    other.close()
    assert not list(record.iterdir())


def test_an_entry_ends_with_the_process_that_it_was_handed_on_to(record: Path) -> None:
    """The lock is kept through exec, and the kernel releases it whatever ends that process."""
    code = (
        "import os; from doctor.state.reserve import Reservations; "
        "assert Reservations(is_handed_on=True).take('address-192.0.2.1'); "
        "os.execvp('sh', ['sh', '-c', 'echo ready; exec sleep 60'])"
    )
    argv = [sys.executable, "-c", code]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "ready\n"
        mine = Reservations()
        assert not mine.take("address-192.0.2.1")
        mine.sweep()
        assert (record / "address-192.0.2.1").exists()
        owner.kill()
        owner.wait()
        mine.sweep()
        assert not list(record.iterdir())
        assert mine.take("address-192.0.2.1")
        mine.close()


def test_where_nothing_can_be_written_there_is_no_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DOCTOR_STATE_DIR", str(tmp_path / "file"))
    assert Reservations().take("port-tcp-80")
