"""Run the sweep: `python -m tests.hosts.paths --seed 1 --hosts 200`, as root. `--show` prints what became of each packet."""

import argparse
import sys
import time

from tests.hosts.paths.host import random_host
from tests.hosts.paths.play import play


def main() -> int:
    """Build each host, send the packets, and say what became of them."""
    options = _options()
    begin, sent, answered = time.monotonic(), 0, 0
    for number in range(options.hosts):
        host = random_host(f"{options.seed}.{number}" if options.hosts > 1 else options.seed, keep=options.keep)
        played = play(host, lambda _: None)
        sent += len(played.outcomes)
        answered += sum(one.is_answered for one in played.outcomes)
        if options.show:
            print(host, *(f"  refused: {one}" for one in played.refused), sep="\n")
            print(*(f"    {one.probe}: {one}" for one in played.outcomes), sep="\n")
    pace = options.hosts / (time.monotonic() - begin)
    print(f"{options.hosts} hosts, {answered} of {sent} packets answered, {pace:.1f} hosts a second")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.hosts.paths", description=__doc__)
    parser.add_argument("--seed", default="1", help="one host's own seed is SEED.NUMBER")
    parser.add_argument("--hosts", type=int, default=1)
    parser.add_argument("--keep", type=_numbers, help="numbers of the oddities to keep, like 0,2")
    parser.add_argument("--show", action="store_true")
    return parser.parse_args()


def _numbers(text: str) -> frozenset[int]:
    return frozenset(int(one) for one in text.split(",") if one.isdigit())


if __name__ == "__main__":
    sys.exit(main())
