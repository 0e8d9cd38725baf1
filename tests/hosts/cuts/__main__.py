"""Run the battery: `python -m tests.hosts.cuts`, as root; names as arguments run only those that contain one of them."""

import argparse
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Empty, SimpleQueue

from tests.hosts.box import why_not
from tests.hosts.cuts import addresses6, files, inside, links, more, routes, rules, services
from tests.hosts.cuts.cut import CUTS, Cut
from tests.hosts.cuts.judge import STAGES, USUAL, Judge, Judged
from tests.hosts.cuts.report import row, summary, table
from tests.hosts.sandbox import SandboxError

__all__ = ["addresses6", "files", "inside", "links", "more", "routes", "rules", "services"]


def main() -> int:
    """Judge each cut and write the table; 1 if there is one that a scan does not find."""
    options = _options()
    if reason := why_not():
        print(reason, file=sys.stderr)
        return 2
    judged = []
    begin = time.monotonic()
    for result in _judged(_wanted(options), options):
        judged.append(result)
        print(row(result), f"<!-- {result.message} {result.seconds} -->", flush=True)
    judged.sort(key=lambda one: list(CUTS).index(one.cut.name))
    title = f"engine {options.engine}" if options.engine else "the machine's engine"
    if options.write:
        Path(options.write).write_text(table(judged, title), encoding="utf-8")
    print(*summary(judged), f"{(time.monotonic() - begin) / 60:.0f} minutes", sep="\n")
    return int(any(one.dead and not one.found for one in judged))


def _wanted(options: argparse.Namespace) -> list[Cut]:
    names = [f"={name}=" for name in CUTS]
    wanted = [f"{word}=" if word.startswith("=") else word for word in options.names] or ["="]
    named = [CUTS[name.strip("=")] for name in names if any(word in name for word in wanted)]
    if options.seed and options.sample:
        named = random.Random(options.seed).sample(named, min(options.sample, len(named)))
    # Hosts with one kind of network after the other: a box serves as long as it can.
    named.sort(key=lambda one: one.version)
    step = max(len(named) // options.sample, 1) if options.sample else 1
    return named[::step][: options.sample or None]


def _judged(wanted: list[Cut], options: argparse.Namespace) -> Iterator[Judged]:
    todo: SimpleQueue[Cut] = SimpleQueue()
    done: SimpleQueue[Judged] = SimpleQueue()
    for one in wanted:
        todo.put(one)

    def work() -> None:
        judge = Judge(options.engine, options.stages)
        while True:
            try:
                cut = todo.get_nowait()
            except Empty:
                judge.close()
                return
            try:
                done.put(judge.judge(cut))
            except (SandboxError, OSError, ValueError, subprocess.SubprocessError) as error:
                done.put(Judged(cut, why_not=f"{type(error).__name__}: {error}"))
                judge.close()

    with ThreadPoolExecutor(options.parallel) as pool:
        workers = [pool.submit(work) for _ in range(options.parallel)]
        for _ in wanted:
            while True:
                try:
                    yield done.get(timeout=5)
                    break
                except Empty:
                    for worker in workers:
                        if worker.done():
                            worker.result()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.hosts.cuts", description=__doc__)
    parser.add_argument("names", nargs="*", help="parts of names, or =NAME for one alone")
    parser.add_argument("--parallel", type=int, default=1)
    parser.add_argument("--engine", default="", help="install this engine in each box: 20.10.24 or 28.5.2")
    parser.add_argument("--stages", type=lambda text: tuple(text.split(",")), default=USUAL, help=",".join(STAGES))
    parser.add_argument("--sample", type=int, help="judge so many, spread over all")
    parser.add_argument("--seed", default="", help="choose the sample at random by this word")
    parser.add_argument("--write", help="write the table to this file")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
