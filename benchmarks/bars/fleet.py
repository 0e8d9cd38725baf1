"""`doctor fleet` over the reports of 10,000 hosts, plain and compressed, beside reading the same bytes."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.fleet import write
from benchmarks.hosts import DOCTOR, PYTHON, measure_here
from benchmarks.measure import Command
from benchmarks.table import Bar, Section

_HOSTS = 10_000
_PLAIN, _PACKED, _PAGE = "doctor fleet", "doctor fleet (gzip)", "doctor fleet --format html"
_READ = (
    "import os,sys\nfor top, _, names in os.walk(sys.argv[1]):\n for name in names: open(f'{top}/{name}','rb').read()"
)


def sections(rounds: int) -> Iterator[Section]:
    """One report a host."""
    with tempfile.TemporaryDirectory(prefix="doctor-bench-") as name:
        plain, packed = Path(name, "plain"), Path(name, "packed")
        size = write(plain, _HOSTS)
        write(packed, _HOSTS, packed=True)
        commands = [
            Command(name="reading", argv=(PYTHON, "-c", _READ, str(plain))),
            _fleet(_PLAIN, str(plain)),
            _fleet(_PAGE, str(plain), "--format", "html"),
            _fleet(_PACKED, str(packed)),
        ]
        samples = measure_here(commands, max(3, rounds // 3))
    yield Section(
        title="Reports of 10,000 hosts",
        about=f"{size / 1e6:,.0f} MB of JSON made from real reports by `benchmarks/fleet.py`, warm; `reading` reads the same files in Python.",
        samples=samples,
        bars=tuple(
            bar
            for each in (_PLAIN, _PAGE, _PACKED)
            for bar in (Bar(name=each, figure="wall_s", most=10), Bar(name=each, figure="rss_mib", most=300))
        ),
    )


def _fleet(name: str, *arguments: str) -> Command:
    argv = (DOCTOR, "fleet", *arguments)
    return Command(
        name=name, argv=argv, exits=(1,), proof=(*argv[:3], "--format", "json"), says='"summary": {"hosts": 10000'
    )
