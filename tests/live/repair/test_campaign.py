"""A few seeds of the fault campaign; `python -m tests.hosts.campaign` runs hundreds (benchmarks/CAMPAIGN.md)."""

import pytest

from tests.hosts.campaign.case import lost, run
from tests.hosts.campaign.reference import Reference, reference

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def healthy(can_box: None) -> Reference:
    """The patient, scanned while healthy, as a power loss left it, and what dockerd says of it."""
    return reference()


@pytest.mark.parametrize(("count", "seed"), [(1, 5), (3, 1), (5, 2)])
def test_nothing_is_lost_that_dockerd_alone_keeps(healthy: Reference, count: int, seed: int) -> None:
    """The engine comes up, user data is left alone, and a repair keeps at least what doing nothing keeps."""
    alone = set(lost(healthy.verdict, run(healthy, count, seed, "nothing").verdict))
    repaired = run(healthy, count, seed, "doctor")
    print(repaired.output, repaired.faults)
    assert repaired.up, repaired.verdict["engine"]
    assert repaired.touched == []
    assert set(lost(healthy.verdict, repaired.verdict)) <= alone


def test_with_an_earlier_scan_all_is_restored(healthy: Reference) -> None:
    """Three faults in metadata, of which without the backup a container or its names would be lost."""
    repaired = run(healthy, 3, 1, "scanned")
    assert lost(healthy.verdict, repaired.verdict) == [], repaired.output
