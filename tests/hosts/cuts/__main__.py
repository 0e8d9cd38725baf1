"""Run the battery: `python -m tests.hosts.cuts`, as root; names as arguments run only those that contain one of them."""

import argparse
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.hosts.box import why_not
from tests.hosts.cuts import links, routes, rules, services
from tests.hosts.cuts.cut import CUTS, Cut
from tests.hosts.cuts.judge import Judged, judge
from tests.hosts.sandbox import SandboxError

__all__ = ["links", "routes", "rules", "services"]


def main() -> int:
    """Judge each cut and write the table; 1 if there is one that a scan does not find."""
    options = _options()
    if reason := why_not():
        print(reason, file=sys.stderr)
        return 2
    wanted = [one for name, one in CUTS.items() if not options.names or any(word in name for word in options.names)]
    with ThreadPoolExecutor(options.parallel) as pool:
        judged = []
        for result in pool.map(_safely, wanted):
            judged.append(result)
            print(_row(result), flush=True)
    text = table(judged)
    if options.write:
        Path(options.write).write_text(text, encoding="utf-8")
    print(text.partition("| cut")[0])
    return int(any(one.dead and not one.found for one in judged))


def _safely(cut: Cut) -> Judged:
    try:
        return judge(cut)
    except (SandboxError, OSError) as error:
        return Judged(cut, why_not=f"{type(error).__name__}: {error}")


def table(judged: Iterable[Judged]) -> str:
    """The results as a page."""
    rows = list(judged)
    cuts = [one for one in rows if one.dead]
    counts = {
        "cut traffic": len(cuts),
        "found by a scan": sum(bool(one.found) for one in cuts),
        "found by a scan, the right hop named": sum(bool(one.found) and one.is_hop_right for one in cuts),
        "found by a scan with probes only": sum(bool(one.probed) and not one.found for one in cuts),
        "scan and probes both call it healthy": sum(not one.found and not one.probed for one in cuts),
        "healed by `fix --apply --allow disruptive`": sum(one.is_healed for one in cuts),
        "healed, container PIDs unchanged": sum(one.is_healed and one.same_pids for one in cuts),
    }
    lines = [
        "# Faults of network and configuration that cut containers' traffic",
        "",
        "`python -m tests.hosts.cuts --write benchmarks/CUTS.md`, as root. Each fault is made on a fresh, healthy host with a real",
        "dockerd, judged by eleven kinds of traffic before, after the fault and after the repair.",
        "",
        f"{len(rows)} faults tried.",
        "",
        *(f"- {name}: {count}" for name, count in counts.items()),
        "",
        "| cut | traffic that dies | scan finds | hop right | probes add | healed | PIDs same |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *(_row(one) for one in rows),
    ]
    return "\n".join(lines) + "\n"


def _row(one: Judged) -> str:
    if one.why_not:
        return f"| {one.cut.name} | not made: {one.why_not[:120].replace(chr(10), ' ')} | | | | | |"
    words = (
        one.cut.name,
        ", ".join(one.dead) or "nothing",
        ", ".join(one.found) or "nothing",
        _yes(one.is_hop_right),
        ", ".join(one.probed) or "nothing",
        _yes(one.is_healed) if one.dead else "",
        _yes(one.same_pids),
    )
    return "| " + " | ".join(words) + " |"


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.hosts.cuts", description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--parallel", type=int, default=1)
    parser.add_argument("--write", help="write the table to this file")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
