"""A case and its bundle are judged alike: findings, fixes, outcomes and plans, with every check of doctor.

``make bundles`` does this with every case, ``make cases`` with some of them.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from doctor.bundle.form import parse
from doctor.bundle.reading import HostBundle, judge
from doctor.bundle.take import plain, take
from doctor.cli.commands.bundle import _ALLOWED, _plans
from doctor.cli.commands.planned import FixJob, FixOptions, plan_of, plan_report
from doctor.cli.commands.scan import make_report
from doctor.cli.common import SharedOptions
from doctor.facts.secrets.redact import redacted
from doctor.host.base import Host
from doctor.model.report import PlanReport
from doctor.model.severity import Severity
from doctor.state.settings import Settings
from tests.cases.bundle_kit import CATALOG, IDS, result, scanned
from tests.cases.case import Case, all_cases

EVERY = 1 if os.environ.get("DOCTOR_EVERY_BUNDLE") else 24
CASES = [case for case in all_cases() if not case.for_engine]
SOME = [pytest.param(case, id=case.name) for case in CASES[::EVERY]]
BROKEN = [case for case in CASES if case.fix == "resolved" and case.findings]
PLANNED = [pytest.param(case, id=case.name) for case in BROKEN[:: EVERY * 2]]
FROM_HOST = {
    "network/port-in-use",  # names the arguments of the program that holds the port
    "network/vxlan-port-in-use",
    "state/bridge-record-orphan",  # looks into a record of the database
}
"""Checks that may need the result of the host's own scan. Each more is one that nobody can judge from elsewhere."""


@pytest.fixture(autouse=True)
def removable(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[None]:
    """Files that a case made immutable can be removed after the test."""
    yield
    case: Case = request.node.callspec.params["case"]
    case.let_go(tmp_path / "host")


def bundled(host: Host, *, with_plans: bool) -> tuple[HostBundle, FixJob]:
    """Return the bundle of a host, as the command makes it."""
    found = scanned(host)
    report = make_report(host, found, Settings(), CATALOG, started=host.now(), seconds=0.0, fail_on=Severity.WARNING)
    job = FixJob(
        options=FixOptions(),
        shared=SharedOptions(verbose=False, quiet=True, colour=False),
        settings=Settings(),
        catalog=CATALOG,
        host=host,
        started=time.time(),
        clock=time.perf_counter(),
    )
    plans = _plans(job, found) if with_plans else {}
    taken = take(found, CATALOG, report=report, plans=plans, is_root=True)
    return HostBundle("/x.bundle", parse(taken.raw, "/x.bundle")), job


@pytest.mark.parametrize("case", SOME)
def test_a_bundle_has_the_findings_of_its_host(case: Case, tmp_path: Path) -> None:
    """From masked facts; the few checks that need more are those in the list."""
    host = case.build(tmp_path / "host")
    found = scanned(host)
    bundle, _ = bundled(host, with_plans=False)
    assert result(judge(bundle, CATALOG, IDS)) == result(found)
    assert set(bundle.listed.from_host) <= FROM_HOST


@pytest.mark.parametrize("case", PLANNED)
def test_a_bundle_has_the_plan_of_its_host(case: Case, tmp_path: Path) -> None:
    """Of each --allow: made from one scan, it is the plan that ``doctor fix`` makes."""
    host = case.build(tmp_path / "host")
    bundle, job = bundled(host, with_plans=True)
    for allow in _ALLOWED:
        kept = bundle.plan(allow)
        assert kept is not None
        fresh: PlanReport = plain(redacted(plan_report(job, plan_of(job, allow))))
        assert kept.host.name == fresh.host.name
        same = {"host": kept.host, "started": 0.0, "seconds": 0.0, "command": ""}
        assert replace(kept, **same) == replace(fresh, **same)
