"""Plans whose predictions are scanned twice: incrementally, as a plan does it, and in full; both must say the same.

``python -m tests.incremental [--every N]`` does it for each case that has a plan: one and a half minutes for all.
"""

import argparse
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from unittest.mock import patch

from msgspec import Struct
from msgspec.structs import replace

import doctor.repair.planning.plan
from doctor.host.base import Host
from doctor.host.noted import NotedHost
from doctor.host.recorded import RootHost
from doctor.model.severity import Applicability
from doctor.plugins.catalog import Catalog
from doctor.plugins.load import load
from doctor.repair.planning.plan import make_plan
from doctor.scan.noted import NotedFacts
from doctor.scan.resolve import Facts
from doctor.scan.run import Scan, scan
from tests.cases.case import Case, all_cases

CATALOG = load()


class Compared(Struct):
    """The compared values.

    Attributes:
        scans: predictions that were scanned twice.
        facts: facts that both scans asked for.
        kept: those of them that the incremental scan did not collect.
        differing: what the two scans do not agree on.
    """

    scans: int = 0
    facts: int = 0
    kept: int = 0
    differing: list[str] = []


@contextmanager
def compared() -> Iterator[Compared]:
    """Compare each incremental scan of a prediction with a full one of the same prediction."""
    seen = Compared()

    def twice(
        host: Host, catalog: Catalog, ids: Iterable[str], *, deep: bool = False, facts: Facts | None = None
    ) -> Scan:
        found = scan(host, catalog, ids, deep=deep, facts=facts)
        if isinstance(facts, NotedFacts) and facts._difference is not None:
            full = scan(host, catalog, ids, deep=deep, facts=Facts(NotedHost(host, facts.host.now())))
            _compare(seen, found, full)
        return found

    # Other programs fill the file system that a case is on.
    still = cache(RootHost.statfs)
    with patch.object(doctor.repair.planning.plan, "scan", twice), patch.object(RootHost, "statfs", still):
        yield seen


def plan_twice(case: Case, directory: Path, *, whole: bool = False) -> Compared:
    """Plan the repair of a case, or with ``whole`` of all that is found in it."""
    host = case.build(directory)
    ids = tuple({identity for identity, _, _ in case.findings})
    wanted = () if whole else CATALOG.choose(ids, ())
    with compared() as seen:
        try:
            make_plan(host, CATALOG, CATALOG.choose((), ()), wanted=wanted, allow=Applicability.DESTRUCTIVE, deep=True)
        finally:
            case.let_go(directory)
    return seen


def with_plan() -> list[Case]:
    """Return the cases that a plan resolves."""
    return [case for case in all_cases() if case.findings and case.fix == "resolved"]


def _compare(seen: Compared, found: Scan, full: Scan) -> None:
    assert isinstance(found.facts, NotedFacts)
    seen.scans += 1
    if found.findings != full.findings:
        seen.differing.append(f"findings {found.findings}\n  in full {full.findings}")
    for mine, theirs in zip(found.outcomes, full.outcomes, strict=True):
        if replace(mine, seconds=0.0) != replace(theirs, seconds=0.0):
            seen.differing.append(f"outcome {mine}\n  in full {theirs}")
    known = found.facts.known
    for kind, fact in full.facts.known.items():
        if kind in known:
            seen.facts += 1
            seen.kept += kind in found.facts.kept
            if known[kind] != fact:
                seen.differing.append(f"fact {kind.__name__}: {known[kind]}\n  in full {fact}")


def main() -> int:
    """Compare for all cases, print what differs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--every", type=int, default=1, help="take each N-th case only")
    parser.add_argument("--whole", action="store_true", help="plan for all that is found in a case")
    options = parser.parse_args()
    total = Compared()
    cases = with_plan()[:: options.every]
    for case in cases:
        with tempfile.TemporaryDirectory() as name:
            seen = plan_twice(case, Path(name, "host"), whole=options.whole)
        total.scans, total.facts, total.kept = (
            total.scans + seen.scans,
            total.facts + seen.facts,
            total.kept + seen.kept,
        )
        total.differing += [f"{case.name}: {text}" for text in seen.differing]
    for text in total.differing:
        print(text[:2000])
    print(f"{len(cases)} cases, {total.scans} predictions, {total.facts} facts, {total.kept} kept")
    print(f"{len(total.differing)} differences")
    return 1 if total.differing else 0


if __name__ == "__main__":
    raise SystemExit(main())
