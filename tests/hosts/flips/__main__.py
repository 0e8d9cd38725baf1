"""Run the sweep: `python -m tests.hosts.flips`, as root. Some 100,000 places for doctor, 200 of them for dockerd."""

import argparse
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

from doctor.cli.common import load_catalog, load_settings
from tests.hosts import archive
from tests.hosts.box import why_not
from tests.hosts.campaign.reference import Reference, reference
from tests.hosts.flips.engine import Judged, healthy_lists, judge
from tests.hosts.flips.look import DATA_ROOT, Doctor, Seen
from tests.hosts.flips.place import Place, places
from tests.hosts.flips.report import Row, markdown


def main() -> int:
    """Run what is asked for; 1 where the engine refuses and doctor says nothing, or anything is incomplete."""
    options = _options()
    if reason := why_not():
        print(reason, file=sys.stderr)
        return 2
    healthy = reference()
    with tempfile.TemporaryDirectory(prefix="flips.") as top:
        seen = {"with a backup": look(healthy, Path(top, "with"), options.seed, options.every, with_state=True)}
        if options.bare:
            seen["without a backup"] = look(healthy, Path(top, "bare"), options.seed, options.bare, with_state=False)
    rows = seen["with a backup"]
    chosen = sample(rows, options.engine, Random(options.seed))
    judged = ask(healthy, chosen, options.parallel)
    text = markdown(seen, judged, options.seed)
    if options.write:
        Path(options.write).write_text(text, encoding="utf-8")
    print(text)
    wrong = [one for said, one in judged if not one.starts and not said.found]
    return int(
        bool(wrong) or any(one.word == "incomplete" or one.crashed for found in seen.values() for _, one in found)
    )


def look(healthy: Reference, top: Path, seed: int, every: int, *, with_state: bool) -> list[Row]:
    """Judge each place with doctor, or one in so many, chosen by the seed."""
    (top / DATA_ROOT).mkdir(parents=True)
    archive.unpack(healthy.root, top / DATA_ROOT)
    if with_state:
        (top / "var/lib/doctor").mkdir(mode=0o700)
        archive.unpack(healthy.state, top / "var/lib/doctor")
    doctor = Doctor(top, load_catalog(load_settings()))
    wanted = list(places(top / DATA_ROOT, seed))
    if every > 1:
        Random(seed).shuffle(wanted)
        wanted = wanted[::every]
    found = []
    begun = time.monotonic()
    for number, place in enumerate(wanted, 1):
        found.append((place, doctor.judge(place)))
        if number % 5000 == 0:
            pace = (time.monotonic() - begun) / number * 1000
            print(f"{number} of {len(wanted)} places, {pace:.1f} ms each", file=sys.stderr)
    return found


def sample(rows: list[Row], count: int, random: Random) -> list[Row]:
    """So many places: all kinds of file in turn, those of which doctor says nothing and the others alike."""
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for place, seen in rows:
        groups[place.group, seen.word].append((place, seen))
    for group in groups.values():
        random.shuffle(group)
    chosen: list[Row] = []
    while len(chosen) < count and any(groups.values()):
        for key in sorted(groups):
            if groups[key] and len(chosen) < count:
                chosen.append(groups[key].pop())
    return chosen


def ask(healthy: Reference, chosen: Iterable[Row], parallel: int) -> list[tuple[Seen, Judged]]:
    """Judge each place, and its repair, with dockerd."""
    rows = list(chosen)
    whole = healthy_lists(healthy) if rows else {}
    lock, done = threading.Lock(), [0]

    def one(row: tuple[Place, Seen]) -> tuple[Seen, Judged]:
        place, seen = row
        judged = judge(healthy, whole, place)
        with lock:
            done[0] += 1
            state = "starts" if judged.starts else "refuses"
            fate = "" if judged.code < 0 else f", repair {judged.code}, {'whole' if judged.repaired else judged.left}"
            print(
                f"{done[0]} of {len(rows)} {place.group} {place.offset}^{place.bit}: {seen.word}, {state}{fate}",
                file=sys.stderr,
            )
        return seen, judged

    with ThreadPoolExecutor(parallel) as pool:
        return list(pool.map(one, rows))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.hosts.flips", description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--seed", type=int, default=1, help="which bit of each byte, and which sample; default %(default)s"
    )
    parser.add_argument("--every", type=int, default=1, help="only one place in so many")
    parser.add_argument("--engine", type=int, default=200, help="so many places for dockerd, default %(default)s")
    parser.add_argument(
        "--bare", type=int, default=0, metavar="N", help="one place in N once more without doctor's backup"
    )
    parser.add_argument("--parallel", type=int, default=2, help="boxes at once, default %(default)s")
    parser.add_argument("--write", help="where the tables are written (benchmarks/FLIPS.md)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
