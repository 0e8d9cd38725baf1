"""Fixtures of live tests: throw-away hosts with a real dockerd."""

from collections.abc import Iterator

import pytest

from tests.hosts.box import Box, why_not
from tests.hosts.patient import patient
from tests.hosts.systemd import SystemdHost, why_no_systemd


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
def patient_box(can_box: None) -> Iterator[Box]:
    """A box with the patient (see tests/hosts/patient.py) and its dockerd running."""
    with Box(data_root=patient()) as made:
        made.start_dockerd()
        yield made


@pytest.fixture
def systemd_host() -> Iterator[SystemdHost]:
    """A booted Debian with systemd, cron and an enabled, empty dockerd."""
    reason = why_no_systemd()
    if reason:
        pytest.skip(reason)
    with SystemdHost() as made:
        yield made
