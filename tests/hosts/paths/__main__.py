"""Run the sweep: `python -m tests.hosts.paths --seed 1 --hosts 200`, as root. `--show` prints the fate of each packet."""

import argparse
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from tests.hosts.paths.host import random_host
from tests.hosts.paths.rounds import (
    DELIVERED,
    DROPPED,
    MISPLACED,
    PLACED,
    UNKNOWN,
    UNSTEADY,
    WRONG,
    Judge,
    Round,
    shrunk,
    steady,
)

_EACH = 50
"""After so many hosts the counts are printed: a long run may be cut off."""


def main() -> int:
    """Judge each host, and print every wrong verdict with the line that repeats it; 1 if there is one."""
    options = _options()
    seeds = [f"{options.seed}.{number}" for number in range(options.first, options.first + options.hosts)]
    begin, counts, reasons = time.monotonic(), Counter[str](), Counter[str]()
    for found in _rounds(seeds or [options.seed], options):
        counts += found.counts
        counts["hosts"] += 1
        counts["failed"] += bool(found.error)
        reasons += found.reasons
        lines = found.lines if options.show else [*found.wrong.values(), *(found.misplaced if options.places else ())]
        if lines or found.error:
            print(found.host, *(f"  refused: {one}" for one in found.refused), *lines, found.error, sep="\n")
        if not counts["hosts"] % _EACH:
            print(f"so far, to {found.host.seed}: {_summary(counts, time.monotonic() - begin)}")
        sys.stdout.flush()
    print(*(f"  {number} {text}" for text, number in reasons.most_common(options.reasons)), sep="\n")
    print(_summary(counts, time.monotonic() - begin))
    return int(bool(counts[WRONG] or counts["failed"]))


def _rounds(seeds: list[str], options: argparse.Namespace) -> Iterator[Round]:
    one = partial(_one, options=options)
    if len(seeds) == 1:
        yield one(seeds[0])
        return
    with ProcessPoolExecutor(options.parallel) as pool:
        yield from pool.map(one, seeds)


def _one(seed: str, *, options: argparse.Namespace) -> Round:
    host = random_host(seed, keep=options.keep, names=options.only)
    judge = _judge(rules=options.rules)
    try:
        found = steady(judge(host), judge)
        return shrunk(found, judge) if options.shrink and found.wrong and not options.only else found
    except Exception as error:  # noqa: BLE001 - one host that the model can't take must not end a sweep of thousands
        trace = "".join(traceback.format_exception(error, limit=-3))
        return Round(host, error=f"failed: {trace}")


def _judge(*, rules: bool) -> Judge:
    if rules:
        from tests.hosts.paths import rules_judge

        return rules_judge.judge
    from tests.hosts.paths import compare

    return compare.judge


def _summary(counts: Counter[str], seconds: float) -> str:
    judged = counts[DELIVERED] + counts[DROPPED] + counts[UNKNOWN] + counts[WRONG]
    part = 100 * counts[UNKNOWN] / max(judged, 1)
    return (
        f"{counts['hosts']} hosts, {judged} verdicts: {counts[DELIVERED]} agreed delivered, {counts[DROPPED]} agreed dropped, "
        f"(at {counts[PLACED]} the kernel names the same rule, at {counts[MISPLACED]} another), {counts[WRONG]} WRONG and {counts[UNSTEADY]} wrong only once, {counts[UNKNOWN]} unknown ({part:.1f} %), {counts['failed']} hosts failed; "
        f"{counts['hosts'] / seconds:.1f} hosts a second"
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.hosts.paths", description=__doc__)
    parser.add_argument("--seed", default="1", help="with --hosts, one host's own seed is SEED.NUMBER")
    parser.add_argument("--hosts", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first host")
    parser.add_argument("--keep", type=_numbers, help="numbers of the oddities to keep, like 0,2")
    parser.add_argument("--only", action="append", default=[], help="draw only from these oddities")
    parser.add_argument("--parallel", type=int, default=4, help="hosts at once: each waits most of the time")
    parser.add_argument("--shrink", action="store_true", help="reduce the oddities of a host with a wrong claim")
    parser.add_argument(
        "--rules", action="store_true", help="judge each rule by the kernel's trace instead of the walks"
    )
    parser.add_argument("--places", action="store_true", help="print drops by another rule than the model names")
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--reasons", type=int, default=15, help="how many reasons for unknown to print")
    return parser.parse_args()


def _numbers(text: str) -> frozenset[int]:
    return frozenset(int(one) for one in text.split(",") if one.isdigit())


if __name__ == "__main__":
    sys.exit(main())
