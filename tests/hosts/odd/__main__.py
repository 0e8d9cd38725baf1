"""Run the odd hosts: `python -m tests.hosts.odd`, as root; names as arguments run only those that contain one of them."""

import argparse
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from tests.hosts.box import why_not
from tests.hosts.odd import changes, engine_settings, firewalls, lookups, neighbours, sixes, sizes, uplinks, vpns
from tests.hosts.odd.judge import Judged, judge
from tests.hosts.odd.odd_host import ODD, OddHost
from tests.hosts.sandbox import SandboxError

__all__ = ["changes", "engine_settings", "firewalls", "lookups", "neighbours", "sixes", "sizes", "uplinks", "vpns"]


def main() -> int:
    """Judge each host and write the table; 1 if there is one on which a scan is not silent."""
    options = _options()
    if reason := why_not():
        print(reason, file=sys.stderr)
        return 2
    hosts = [one for name, one in ODD.items() if not options.names or any(word in name for word in options.names)]
    judged = []
    for host in hosts:
        for engine in [one for one in host.engines if options.engine in {"", one}]:
            begun = time.monotonic()
            result = _safely(host, engine, quick=options.quick)
            judged.append(result)
            print(f"{_row(result)} {time.monotonic() - begun:.1f} s", flush=True)
            for line in (*result.alarms, *result.ends, *((*result.doubts, *result.unknown) if options.unknown else ())):
                print(f"    {line}", flush=True)
    text = table(judged)
    if options.write:
        Path(options.write).write_text(text, encoding="utf-8")
    return int(any(not one.is_silent for one in judged))


def _safely(host: OddHost, engine: str, *, quick: bool) -> Judged:
    try:
        return judge(host, engine, quick=quick)
    except (SandboxError, OSError, subprocess.SubprocessError) as error:
        return Judged(host, engine, why_not=f"{type(error).__name__}: {error}"[:300])


def table(judged: Iterable[Judged]) -> str:
    """The results as a page."""
    rows = list(judged)
    made = [one for one in rows if not one.why_not]
    lines = [
        "# Odd and healthy networks",
        "",
        "`python -m tests.hosts.odd --write benchmarks/ODD.md`, as root. Each is a host with a real dockerd and an unusual network, judged",
        "healthy by eleven kinds of traffic and those of its own, before and after `doctor scan` and `doctor scan --probe`. An alarm is a",
        "finding of warning or above that the plain host does not have, or another exit code than 0. Of the ways that the model of a packet's",
        "path walks, those that neither arrive nor end are left as unknown; any that ends would be wrong.",
        "",
        f"- hosts: {len({one.host.name for one in rows})}, with other engines {len(rows)}",
        f"- made and healthy: {len(made)}",
        f"- without an alarm: {sum(one.is_silent for one in made)}",
        "",
        "| host | engine | alarms | exit codes | ways | arrive | end |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *map(_row, rows),
    ]
    return "\n".join(lines) + "\n"


def _row(one: Judged) -> str:
    if one.why_not:
        reason = one.why_not.replace("\n", " ").replace("|", "/")
        return f"| {one.host.name} | {one.engine} | not made: {reason[-300:]} | | | | |"
    alarms = ", ".join(sorted({text.partition(": ")[0] for text in one.alarms})) or "none"
    return f"| {one.host.name} | {one.engine} | {alarms} | {', '.join(map(str, one.exits))} | {one.ways[0]} | {one.ways[1]} | {len(one.ends)} |"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.hosts.odd", description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--engine", default="", help="only this engine")
    parser.add_argument("--quick", action="store_true", help="without probes")
    parser.add_argument(
        "--unknown", action="store_true", help="also print the checks that could not judge, and the model's doubts"
    )
    parser.add_argument("--write", help="write the table to this file")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
