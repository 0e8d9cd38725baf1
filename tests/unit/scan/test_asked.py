"""The table of what checks ask for: each line is true, a scan with it says the same as without it, and imports less."""

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import pytest

from doctor import own_file
from doctor.facts.config.engine import EngineConfig
from doctor.facts.network.networks import Networks
from doctor.host.recorded import RootHost
from doctor.model.missing import Missing, Why
from doctor.plugins.load import load
from doctor.scan import asked
from doctor.scan.asked import AskedTable
from doctor.scan.resolve import Facts
from doctor.scan.run import Scan, scan
from tests.cases.case import Case, all_cases

ROOT = Path(__file__).parents[3]
CATALOG = load()
NEW = 20
"""So many checks and facts may be missing in the table: it is written now and then, not with each check."""
EVERY = 90


@contextmanager
def using(table: AskedTable) -> Iterator[None]:
    """Scan with this table."""
    with patch("doctor.scan.look.table", lambda: table), patch("doctor.scan.resolve.table", lambda: table):
        yield


def lines() -> list[str]:
    """The table as it should be, written by a process of its own."""
    code = "import asked; print('\\n'.join(asked.lines()))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT / "scripts",
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": str(ROOT / "scripts")},
    )
    return done.stdout.splitlines()


def test_each_line_is_what_the_code_says() -> None:
    """A changed signature needs 'make asked'; a new check does not."""
    true, written = set(lines()), set(own_file(asked.TABLE).decode().splitlines())
    assert written - true == set(), "run 'make asked'"
    assert len(true - written) <= NEW, "run 'make asked'"


def said(found: Scan) -> list[object]:
    """Findings and outcomes of a scan, without times."""
    outcomes = [(one.id, one.result, one.reason, one.incomplete) for one in found.outcomes]
    return [[(one.fingerprint, one.message, one.severity, one.fix) for one in found.findings], outcomes]


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in all_cases()[::EVERY]])
def test_a_scan_says_the_same_without_it(case: Case, tmp_path: Path) -> None:
    """Findings, and each outcome with its reason."""
    host = case.build(tmp_path / "host")
    with_table = said(scan(host, CATALOG, CATALOG.checks))
    with using(AskedTable()):
        assert said(scan(host, CATALOG, CATALOG.checks)) == with_table


def imported(*arguments: str) -> set[str]:
    """The modules that a scan imports."""
    code = "import sys, json; from doctor.cli.entry import command; command(); print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code, "scan", *arguments], capture_output=True, text=True, check=True, timeout=60
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_a_check_without_its_facts_is_not_imported(tmp_path: Path) -> None:
    """Nor are the checks of ``--deep``, nor those that judge where packets of containers end."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/os-release").write_text("ID=debian\n")
    found = imported("--root", str(tmp_path))
    checks = {name for name in found if name.startswith("doctor.checks.") and name.count(".") > 2}
    assert 0 < len(checks) < len(CATALOG.checks) / 2
    assert not {CATALOG.checks[name].module for name in ("network/path-ends", "state/layer-content-altered")} & found


def table_of(time: float) -> AskedTable:
    """A table of one check."""
    return AskedTable("network/x Networks\nNetworks doctor.facts.network.networks DataRoot\n", time)


def test_a_source_that_is_newer_is_not_judged_by_the_table(tmp_path: Path) -> None:
    """Nor is a missing one: it is loaded, so that its own error is seen."""
    source = tmp_path / "forwarding.py"
    source.write_text("")
    os.utime(source, (1e9, 1e9))
    assert table_of(1e9).is_older(str(source))
    assert not table_of(1e9 - 100).is_older(str(source))
    source.unlink()
    assert not table_of(1e9).is_older(str(source))
    assert AskedTable("network/x Lost\n", 1e9).check("network/x") is None
    assert table_of(1e9).check("network/x") is not None
    assert table_of(1e9).check("network/y") is None


def test_an_edited_check_or_collector_is_loaded(tmp_path: Path) -> None:
    """With a table that is older than all sources, no check is left out, and all say the same."""
    host = RootHost(str(tmp_path))
    ids = ("network/ip-forward-off", "network/path-ends", "state/layer-content-altered")
    quick = said(scan(host, CATALOG, ids))
    facts = Facts(host)
    with using(AskedTable(own_file(asked.TABLE).decode(), time=1.0)):
        found = scan(host, CATALOG, ids, facts=facts)
    assert said(found) == quick
    assert set(found.ok) == set(ids)
    moved = own_file(asked.TABLE).decode().replace(" doctor.facts.", " doctor.facts.elsewhere.")
    with using(AskedTable(moved, time=1e12)):
        assert said(scan(host, CATALOG, ids)) == quick


def test_it_is_read_from_an_archive_too(tmp_path: Path) -> None:
    """There no file is on the disk, and none is newer."""
    archive = tmp_path / "doctor.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for path in ROOT.glob("doctor/**/*"):
            if path.suffix in {".py", ".txt"}:
                packed.write(path, path.relative_to(ROOT))
    code = "from doctor.scan.asked import table; print(len(table().lines), table().check('network/path-ends').facts, table().is_older('/none'))"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(archive)!r}); {code}"],
        capture_output=True, text=True, check=True, timeout=60, cwd=tmp_path,
    )  # fmt: skip
    assert done.stdout == f"{len(asked.table().lines)} ('LeftCuts',) True\n"


def test_a_denied_fact_is_not_hidden_by_an_absent_one(tmp_path: Path) -> None:
    """The scan is incomplete then, whichever of them stands first."""
    facts = Facts(RootHost(str(tmp_path)))
    facts.give(Missing(Why.DENIED, "not root"), EngineConfig)
    facts.give(Missing(Why.ABSENT, "no network"), Networks)
    for names in (("EngineConfig", "Networks"), ("Networks", "EngineConfig")):
        assert facts.lack(names) == Missing(Why.DENIED, "not root")
    assert facts.lack(("Networks",)) == Missing(Why.ABSENT, "no network")
