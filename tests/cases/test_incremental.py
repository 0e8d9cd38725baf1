"""A plan's prediction is scanned incrementally; a full scan of the same prediction says the same."""

from pathlib import Path

import pytest

from tests.cases.case import Case, all_cases
from tests.incremental import plan_twice, with_plan

_EVERY = 16
"""``python -m tests.incremental`` takes all."""


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in with_plan()[::_EVERY]])
def test_what_is_kept_is_what_would_be_found(case: Case, tmp_path: Path) -> None:
    """Findings, outcomes and facts are equal, and most facts are kept."""
    seen = plan_twice(case, tmp_path / "host", whole=True)
    assert seen.scans
    assert seen.differing == []
    assert seen.kept > seen.facts / 2


def test_a_host_without_findings_is_scanned_once(tmp_path: Path) -> None:
    """There is nothing to predict on a host where no check of any area finds something."""
    healthy = next(case for case in all_cases() if case.name == "cgroups/controller-missing/healthy-v2")
    assert plan_twice(healthy, tmp_path / "host").scans == 0
