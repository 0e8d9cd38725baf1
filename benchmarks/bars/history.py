"""`doctor history` with 2,000 kept scans of 12 findings, and what a scan pays for being kept."""

import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.hosts import CHECKOUT, DOCTOR, PYTHON, measure_here
from benchmarks.measure import Command
from benchmarks.table import Bar, Section
from doctor.history.body import pack
from doctor.history.store import History
from doctor.model.finding import Evidence, Finding, FixSummary, Subject
from doctor.model.outcome import Outcome, Result
from doctor.model.report import HostInfo, ScanReport
from doctor.model.severity import Applicability, Severity
from doctor.plugins.load import load
from doctor.state.files import atomic_write

_SCANS, _FINDINGS, _SUBJECTS, _WRITES = 2000, 12, 60, 100
_EVERY_S = 4 * 3600
_NOTHING = "doctor history --help"
_WRITER = "from benchmarks.bars.history import write; import sys; write(sys.argv[1], how={!r})"
_BUILT, _KEPT, _FILES = f"{_WRITES} reports", f"{_WRITES} reports, kept", f"{_WRITES} reports, each a synced file"
_LIST, _SHOW, _DIFF = "doctor history list", "doctor history show 1000", "doctor history diff 1000 last"
_FORMATS = "doctor list formats"


def sections(rounds: int) -> Iterator[Section]:
    """Reading by command, and writing within one process."""
    with tempfile.TemporaryDirectory(prefix="doctor-bench-") as name:
        state = str(Path(name, "state"))
        write(state, how="kept", scans=_SCANS)
        size = Path(state, "history.db").stat().st_size / (1 << 20)
        os.environ["DOCTOR_STATE_DIR"] = state
        commands = [
            Command(name=_NOTHING, argv=(DOCTOR, "history", "--help")),
            Command(name=_FORMATS, argv=(DOCTOR, "list", "formats")),
            Command(name=_LIST, argv=(DOCTOR, "history", "list"), says="\n2000  20"),
            Command(name=f"{_LIST} --limit 0", argv=(DOCTOR, "history", "list", "--limit", "0"), says="\n   1  20"),
            Command(name=_SHOW, argv=(DOCTOR, "history", "show", "1000"), says="problems found"),
            Command(name=_DIFF, argv=(DOCTOR, "history", "diff", "1000", "last"), says="and scan 2000"),
        ]
        reading = measure_here(commands, rounds)
        writing = measure_here(
            [
                Command(name=label, argv=(PYTHON, "-c", _WRITER.format(how), state))
                for label, how in ((_FILES, "files"), (_BUILT, ""), (_KEPT, "kept"))
            ],
            max(3, rounds // 3),
        )
        del os.environ["DOCTOR_STATE_DIR"]
    yield Section(
        title="A history of 2,000 scans",
        about=f"{_FINDINGS} findings in each, of {_SUBJECTS} containers; {size:.0f} MiB on disk. `show` loads the report formats, as `list formats` does.",
        samples=reading,
        bars=(
            Bar(name=_LIST, figure="cpu_s", most=0.05, plus=_NOTHING),
            Bar(name=_SHOW, figure="cpu_s", most=0.05, plus=_FORMATS),
            Bar(name=_DIFF, figure="cpu_s", most=0.05, plus=_FORMATS),
        ),
    )
    yield Section(
        title="Writes to it",
        about="One process makes the reports, and keeps them, writes them into files, or does neither. Wall time is that of the disk.",
        samples=writing,
        bars=(
            Bar(name=_KEPT, figure="cpu_s", most=_WRITES * 0.01, plus=_BUILT),
            Bar(name=_KEPT, figure="wall_s", most=5, times=_FILES),
        ),
    )


def write(state: str, *, how: str, scans: int = _WRITES) -> None:
    """Make reports of real checks; ``how`` is "" to do nothing with them, "kept", or "files" to write and rename a file of each."""
    ids = sorted(load(()).checks)
    # As on a host that was scanned until now: older scans would all be candidates for dropping.
    start = time.time() - (_SCANS + _WRITES) * _EVERY_S
    chance = random.Random(scans)
    with History(state) as history:
        first = len(history.scans(limit=-1)) if how == "kept" else 0
        for number in range(first, first + scans):
            report = _report(ids, chance, start + number * _EVERY_S)
            if how == "kept":
                history.keep(report, checks=ids)
            elif how == "files":
                atomic_write(f"{state}/report", pack(report))
        if history.notes:
            sys.exit("\n".join(history.notes))


def _report(ids: list[str], chance: random.Random, started: float) -> ScanReport:
    found = tuple(
        Finding(
            id=ids[number % 40],
            subject=Subject("container", f"web-{number}"),
            message=f"container web-{number} writes its log without a limit: it fills /var/lib/docker and stops every container",
            severity=Severity.WARNING,
            evidence=(
                Evidence(f"/var/lib/docker/containers/{number:064x}/hostconfig.json", '{"Type":"json-file"}'),
                Evidence("size", f"{chance.randrange(10**9)} bytes"),
            ),
            fix=FixSummary(Applicability.MANUAL, "create the container again with --log-opt max-size"),
        )
        for number in chance.sample(range(_SUBJECTS), _FINDINGS)
    )
    failed = {finding.id for finding in found}
    outcomes = tuple(
        Outcome(
            id=identity,
            result=Result.FAIL if identity in failed else Result.PASS if number % 3 else Result.SKIP,
            reason="" if number % 3 else "there is no such thing on this host",
            seconds=number / 1e5,
        )
        for number, identity in enumerate(ids)
    )
    return ScanReport(
        host=HostInfo(name=CHECKOUT.name),
        doctor="0.1.0",
        started=started,
        seconds=0.4,
        findings=found,
        outcomes=outcomes,
        ok={},
    )
