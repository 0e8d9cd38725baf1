"""Judge many forgeries of a bundle: ``python -m tests.unit.bundle.forging FILE --rounds 1000``; last figures in benchmarks/BUNDLE.md.

The file is one of ``doctor bundle``. Its values are replaced by others of the same types; then it is scanned, and reported in each
format. Nothing but a report or a usage error may come of it.
"""

import argparse
import random
import time
from collections import Counter

import msgspec

from doctor.bundle.form import BundleFile, read_file
from doctor.bundle.limits import bounded
from doctor.cli.commands.bundled import report_of
from doctor.facts.secrets.redact import redacted
from doctor.model.errors import UsageError
from doctor.model.report import PlanReport, ScanReport
from doctor.model.severity import Applicability, Severity
from doctor.state.settings import Settings
from tests.cases.bundle_kit import CATALOG, IDS, forged, opened, twisted

OTHERS = 0.3
"""How often the report or a plan is forged, too; its types are strict, so most such bundles are refused."""


def forgery(file: BundleFile, chance: random.Random) -> bytes:
    """Return a bundle with other values."""
    contents = {}
    for one in file.listed.parts:
        if not one.missing and ("." in one.name or chance.random() < OTHERS):
            contents[one.name] = msgspec.msgpack.encode(
                twisted(msgspec.msgpack.decode(bytes(file.contents[one.name])), chance)
            )
    return forged(file, contents)


def reported(report: ScanReport | PlanReport) -> None:
    """Render a report in each format that has its kind."""
    shown = redacted(report)
    for name in CATALOG.formats:
        loaded = CATALOG.report_format(name)
        if report.kind in getattr(loaded.declaration, "of", ()):
            options = {"colour": False, "width": 100, "verbose": True, "program": "doctor"} if name == "text" else {}
            loaded.function(shown, **options)


def main() -> None:
    """Print how the forgeries ended, and the longest time of one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file")
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    file = read_file(given.file)
    ended: Counter[str] = Counter()
    longest = 0.0
    for number in range(given.rounds):
        raw = forgery(file, random.Random(f"{given.seed}.{number}"))
        began = time.process_time()
        try:
            with bounded("forged"):
                bundle = opened(raw)
                reported(report_of(bundle, Settings(), CATALOG, IDS, fail_on=Severity.WARNING))
                plan = bundle.plan(Applicability.SAFE)
                if plan is not None:
                    reported(plan)
            ended["reported"] += 1
        except UsageError:
            ended["refused"] += 1
        except Exception as error:  # noqa: BLE001 - each is a defect, and the next may be another one
            ended[f"{given.seed}.{number}: {error!r}"[:200]] += 1
        longest = max(longest, time.process_time() - began)
    print(f"{given.rounds} forgeries, longest {longest:.1f} s CPU: {dict(ended)}")


if __name__ == "__main__":
    main()
