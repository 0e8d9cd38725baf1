"""An engine that is there and silent is never taken for one that is well."""

from pathlib import Path

from doctor.model.severity import Severity
from doctor.model.verdict import VerdictState, judge
from doctor.plugins.load import load as load_catalog
from doctor.scan.run import scan
from tests.cases.case import find

CATALOG = load_catalog()


def test_a_young_engine_without_a_socket_makes_no_green_scan(tmp_path: Path) -> None:
    """While it stops, its socket is gone and "docker ps" fails: it can't be distinguished from a start that never ends."""
    case = find("engine/hung/refuses-incomplete")
    found = scan(case.build(tmp_path / "host"), CATALOG, CATALOG.choose(("engine",), ()))
    assert found.findings == ()
    verdict = judge(found.findings, found.outcomes, fail_on=Severity.WARNING)
    assert verdict.state is VerdictState.INCOMPLETE
    hung = next(outcome for outcome in found.outcomes if outcome.id == "engine/hung")
    assert hung.incomplete
    assert "does not answer yet" in hung.reason
