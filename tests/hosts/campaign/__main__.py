"""Run the campaign: `python -m tests.hosts.campaign --seeds 200 --faults 0,1,3,5`, as root.

Results are kept, so a campaign that was stopped continues where it was; `--again doctor,scanned` repeats those.
"""

import argparse
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import msgspec

from tests.hosts import archive
from tests.hosts.box import Box, why_not
from tests.hosts.campaign.case import ARMS, Outcome, lost, repeat, run, wiped
from tests.hosts.campaign.damage import directories
from tests.hosts.campaign.reference import Reference, reference
from tests.hosts.campaign.report import markdown, worse

Key = tuple[int, int, str]
T = TypeVar("T")


def main() -> int:
    """Run what is asked for; 1 when a case lost what dockerd alone would have kept, or left it down."""
    options = _options()
    if reason := why_not():
        print(reason, file=sys.stderr)
        return 2
    healthy = reference()
    if options.seed is not None:
        for count in options.faults:
            for arm in options.arm:
                _show(healthy, run(healthy, count, options.seed, arm))
        return 0
    results = Results(archive.cache_directory() / f"{healthy.root.parent.name}.jsonl", options.again)
    most = {count: options.seeds if count else _directories(healthy) for count in options.faults}
    wanted = [
        (count, seed, arm)
        for count in options.faults
        for seed in range(1, most[count] + 1)
        for arm in options.arm
        if count or arm != "deep"
    ]
    if not options.table:
        _run_all(healthy, results, [key for key in wanted if key not in results.done], options.parallel)
    outcomes = [results.done[key] for key in wanted if key in results.done]
    text = markdown(healthy, outcomes, wiped(healthy))
    if options.write:
        Path(options.write).write_text(text, encoding="utf-8")
    print(text)
    return int(any(True for _ in worse(healthy, outcomes)) or any(not o.up for o in outcomes if o.arm != "nothing"))


def _directories(healthy: Reference) -> int:
    with Box(data_root=healthy.root) as box:
        return len(directories(box.data_root))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.hosts.campaign", description=(__doc__ or "").splitlines()[0])
    numbers = _list_of(int)
    parser.add_argument("--seeds", type=int, default=20, help="seeds 1 to this, default %(default)s")
    parser.add_argument(
        "--faults", type=numbers, default=[0, 1, 3, 5], help="faults at once, like 1,3,5; 0: a whole directory"
    )
    parser.add_argument("--arm", type=_list_of(str), default=list(ARMS), help=f"of {', '.join(ARMS)}; all by default")
    parser.add_argument("--again", type=_list_of(str), default=[], help="arms whose kept results are thrown away")
    parser.add_argument("--parallel", type=int, default=2, help="cases at once, default %(default)s")
    parser.add_argument("--write", help="where the table is written (benchmarks/CAMPAIGN.md)")
    parser.add_argument("--table", action="store_true", help="run nothing: only the table of what is done")
    parser.add_argument("--seed", type=int, help="only this one, with all that was said")
    options = parser.parse_args()
    if unknown := {*options.arm, *options.again} - set(ARMS):
        parser.error(f"no such arm: {', '.join(sorted(unknown))}")
    return options


def _list_of(kind: Callable[[str], T]) -> Callable[[str], list[T]]:
    return lambda text: [kind(part) for part in text.split(",") if part]


class Results:
    """Outcomes in a file, a line each, appended as they come."""

    def __init__(self, path: Path, again: list[str]) -> None:
        self._path, self._lock = path, threading.Lock()
        self.done: dict[Key, Outcome] = {}
        for outcome in self._read():
            if outcome.arm not in again:
                self.done[outcome.count, outcome.seed, outcome.arm] = outcome
        if again:
            path.write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in self.done.values()))

    def _read(self) -> Iterator[Outcome]:
        if self._path.exists():
            for line in self._path.read_bytes().splitlines():
                try:
                    yield msgspec.json.decode(line, type=Outcome)
                except msgspec.DecodeError:
                    continue

    def add(self, outcome: Outcome) -> None:
        """Keep one."""
        with self._lock:
            self.done[outcome.count, outcome.seed, outcome.arm] = outcome
            with self._path.open("ab") as stream:
                stream.write(msgspec.json.encode(outcome) + b"\n")


def _run_all(healthy: Reference, results: Results, keys: list[Key], parallel: int) -> None:
    begun = time.monotonic()

    def one(number: int, key: Key) -> None:
        outcome = run(healthy, *key)
        results.add(outcome)
        missing = lost(healthy.verdict, outcome.verdict)
        kept = f"{len(missing)} of {len(healthy.verdict)} lost" if missing else "whole"
        if key[2] != "nothing" and (missing or not outcome.up):
            kept += f"; {repeat(outcome)}"
        pace = f"{number}/{len(keys)} {(time.monotonic() - begun) / number:.1f} s each"
        print(f"{pace}: {key[0]} faults, seed {key[1]}, {key[2]}: {kept}", file=sys.stderr)

    with ThreadPoolExecutor(parallel) as pool:
        for future in [pool.submit(one, number, key) for number, key in enumerate(keys, 1)]:
            future.result()


def _show(healthy: Reference, outcome: Outcome) -> None:
    print(f"{outcome.count} faults, seed {outcome.seed}, {ARMS[outcome.arm]}; exit {outcome.code}, {outcome.seconds} s")
    for fault in outcome.faults:
        print(f"  {fault.path}: {fault.done}")
    print(outcome.output)
    for name in lost(healthy.verdict, outcome.verdict):
        print(f"  lost: {name}\n    was {healthy.verdict[name]}\n    is  {outcome.verdict.get(name)}")
    for name in outcome.touched:
        print(f"  touched: {name}")
    print(json.dumps(outcome.left, indent=2))


if __name__ == "__main__":
    sys.exit(main())
