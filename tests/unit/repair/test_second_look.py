"""An alarm that comes from facts of different age is gone when they are read again; one that stays is kept."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from doctor.engines.docker import changing
from doctor.host.base import Process
from doctor.host.recorded import RootHost
from doctor.model.outcome import Result
from doctor.plugins.load import load as load_catalog
from doctor.scan import still
from doctor.scan.run import Scan, scan
from tests.cases.case import find

CATALOG = load_catalog()
LEFTOVER = "state/runc-state-leftover"
CASE = find(f"{LEFTOVER}/after-a-kill")
DOCKERD = Process(pid=7, ppid=1, comm="dockerd", argv=("dockerd",), exe="/usr/bin/dockerd", start_ticks=1, state="S")
INIT = Process(pid=4242, ppid=7, comm="sh", argv=("sh",), exe="/bin/sh", start_ticks=2, state="S")


class Busy(RootHost):
    """The machine itself, as far as anybody asks: its container's first process is seen from the given look on."""

    looks = 0
    seen_from = 99
    time = 0.0

    def processes(self) -> tuple[Process, ...]:
        """One list a look."""
        self.looks += 1
        known = (DOCKERD, INIT) if self.looks >= self.seen_from else (DOCKERD,)
        return (*super().processes(), *known)

    def now(self) -> float:
        """The time of the files."""
        return self.time


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Busy:
    """A host with runc's state of a container whose process is in no list."""
    CASE.build(tmp_path / "host")
    made = Busy(str(tmp_path / "host"), replace(CASE.answers(), live=True))
    made.root = "/"
    # A case's directories have the times of the checkout, its files those of the copy.
    watched = [tmp_path / "host/var/lib/docker" / place for place in changing._ROOT]
    made.time = max(path.lstat().st_mtime for path in watched if path.exists())
    monkeypatch.setattr(still, "_PAUSES_S", (0.0, 0.0, 0.0))
    return made


def look(host: Busy) -> Scan:
    return scan(host, CATALOG, (LEFTOVER,))


def test_a_container_that_just_came_up_is_no_alarm(host: Busy) -> None:
    host.seen_from = 2
    found = look(host)
    assert host.looks == 2
    assert found.findings == ()
    assert [outcome.result for outcome in found.outcomes] == [Result.PASS]


def test_what_is_seen_again_and_again_stays(host: Busy) -> None:
    found = look(host)
    assert [finding.id for finding in found.findings] == [LEFTOVER]
    assert host.looks == 4


def test_where_nothing_moved_one_look_is_enough(host: Busy) -> None:
    """A broken host at rest is not read twice."""
    host.time += 60
    found = look(host)
    assert [finding.id for finding in found.findings] == [LEFTOVER]
    assert host.looks == 1


def test_a_mounted_root_has_nothing_that_moves(host: Busy) -> None:
    host.root = "/mnt"
    assert look(host).findings
    assert host.looks == 1
