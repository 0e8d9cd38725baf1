"""Fixtures of live tests: throw-away hosts with a real dockerd."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.hosts import archive, judge
from tests.hosts.box import Box, why_not
from tests.hosts.patient import patient
from tests.hosts.systemd import SystemdHost, why_no_systemd
from tests.live.state import state_kit


class Scanned(NamedTuple):
    """Tars of the patient's data root after a power loss and of what doctor kept of a healthy scan before."""

    root: Path
    state: Path


@pytest.fixture(scope="session")
def can_box() -> None:
    """Skip, with the reason, where this machine can't make a box."""
    reason = why_not()
    if reason:
        pytest.skip(reason)


@pytest.fixture
def bare_box(can_box: None) -> Iterator[Box]:
    """A box with nothing running."""
    with Box() as made:
        yield made


@pytest.fixture
def box(bare_box: Box) -> Box:
    """A box with an empty, running dockerd."""
    bare_box.start_dockerd()
    return bare_box


@pytest.fixture
def dead_box(can_box: None) -> Iterator[Box]:
    """A box with the patient (see tests/hosts/patient.py) as a power loss left it: no dockerd and no doctor has run since."""
    with Box(data_root=patient()) as made:
        yield made


@pytest.fixture
def patient_box(dead_box: Box) -> Box:
    """A box with the patient and its dockerd running."""
    dead_box.start_dockerd()
    return dead_box


@pytest.fixture(scope="session")
def healthy(can_box: None) -> judge.Opinion:
    """The verdict of dockerd on the patient after a power loss and nothing else."""
    with Box(data_root=patient()) as made:
        made.start_dockerd()
        return judge.opinion(made)


@pytest.fixture(scope="session")
def scanned(healthy: judge.Opinion, tmp_path_factory: pytest.TempPathFactory) -> Scanned:
    """The patient, scanned by this doctor while it was healthy and running, then without power."""
    top = tmp_path_factory.mktemp("scanned")
    kept = Scanned(root=top / "root.tar", state=top / "state.tar")
    with Box(data_root=patient()) as made:
        made.start_dockerd()
        assert judge.differences(healthy, judge.opinion(made)) == []
        done = made.doctor("scan", "--format", "json")
        assert "metadata backup" not in done.stdout, done.stdout
        assert len(state_kit.backups(made)) == 1
        made.power_loss()
        archive.pack(made.data_root, kept.root)
        archive.pack(made.workdir / "doctor", kept.state)
    return kept


@pytest.fixture
def scanned_box(scanned: Scanned) -> Iterator[Box]:
    """A box with the patient as a power loss left it after a healthy scan, of which there is one metadata backup."""
    with Box(data_root=scanned.root) as made:
        archive.unpack(scanned.state, made.workdir / "doctor")
        yield made


@pytest.fixture
def systemd_host() -> Iterator[SystemdHost]:
    """A booted Debian with systemd, cron and an enabled, empty dockerd."""
    reason = why_no_systemd()
    if reason:
        pytest.skip(reason)
    with SystemdHost() as made:
        yield made
