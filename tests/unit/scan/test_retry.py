"""The retry of a probe: what it tried refutes the first result, what it left out does not."""

from pathlib import Path

import pytest

from doctor.host.recorded import RootHost
from doctor.model.outcome import Result
from doctor.plugins.catalog import Catalog
from doctor.scan.prove import prove
from doctor.scan.resolve import Facts

PROBE = """
from msgspec.structs import replace

from doctor.api import Evidence, probe
from doctor.model.probing import Launch, Probing
from doctor.probes._result import failed, passed, skipped, unproven

turns = []


@probe(proves="a start works")
def flaky() -> Probing:
    turns.append(1)
    return FIRST if len(turns) == 1 else LATER
    yield Launch(())
"""
PASSED = 'passed("all can", [Evidence("engine", "started one")])'
FAILED = 'failed("the engine can\'t start one", [Evidence("engine", "EOF")])'
ABSENT = 'skipped("no engine runs")'
UNPROVEN = 'unproven("not tried: the engine", [])'
PARTLY = 'replace(passed("runc can", []), untried=("the engine (it does not run)",))'


@pytest.mark.parametrize(
    ("first", "later", "expected"),
    [
        (FAILED, PARTLY, Result.FAIL),
        (FAILED, ABSENT, Result.FAIL),
        (FAILED, PASSED, Result.PASS),
        (PARTLY, PARTLY, Result.PASS),
        (FAILED, UNPROVEN, Result.UNPROVEN),
    ],
    ids=["left-out", "skipped", "tried", "never-tried", "unproven"],
)
def test_only_what_the_retry_tried_is_refuted(
    first: str, later: str, expected: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An engine that ends during a test start does not run at the retry, which leaves it out."""
    package = f"retried_{tmp_path.name.replace('-', '_')}"
    (tmp_path / package).mkdir()
    (tmp_path / package / "__init__.py").touch()
    (tmp_path / package / "flaky.py").write_text(PROBE.replace("FIRST", first).replace("LATER", later))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("DOCTOR_STATE_DIR", str(tmp_path / "state"))
    catalog = Catalog()
    catalog.add("probes", package, "")
    (found,) = prove(catalog, Facts(RootHost("/")), ("flaky",), progress=lambda _: None)
    assert found.result is expected, found
