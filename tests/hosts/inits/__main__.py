"""Run the sweep: `python -m tests.hosts.inits`, as root. Some 250 hosts, half an hour with two at once."""

import argparse
import datetime as dt
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from tests.hosts import faults, state_faults
from tests.hosts.box import why_not
from tests.hosts.inits.case import Case, Result, run
from tests.hosts.inits.managed import MANAGERS
from tests.hosts.inits.report import markdown
from tests.hosts.sandbox import SandboxError
from tests.hosts.systemd import why_no_systemd

_REFUSED = (
    "state/repositories-torn",
    "state/volume-opts-torn",
    "state/network-db-garbage",
    "state/buildkit-db-garbage",
    "state/containerd-db-garbage",
    "state/pidfile-foreign",
    "state/socket-directory",
    "state/drivers-several",
)
"""Faults of the data root on which dockerd refuses to start."""


def chosen(*, every: bool = False) -> Iterator[tuple[str, str]]:
    """Faults, and when they befall the engine: of each family of files one damage in turn, or every one."""
    hows = list(state_faults.DAMAGES)
    damages = {f"state/{family}-{how}" for family in state_faults.FAMILIES for how in hows}
    one = {f"state/{family}-{hows[number % len(hows)]}" for number, family in enumerate(state_faults.FAMILIES)}
    for name in faults.names():
        if name in damages - one and not every:
            if name in _REFUSED:
                yield name, "restarted"
            continue
        yield name, "running"
        if name in _REFUSED or (name.startswith(("config/", "logging/")) and name != "logging/container-journald"):
            yield name, "restarted"


def main() -> int:
    """Run what is asked for; 1 where anything is wrong."""
    options = _options()
    if reason := why_not() or why_no_systemd():
        print(reason, file=sys.stderr)
        return 2
    cases = [
        Case(fault=fault, when=when, manager=manager, seed=options.seed)
        for fault, when in chosen(every=options.all)
        if fault.startswith(tuple(options.only)) and when in options.when
        for manager in options.manager
    ]
    results = _known(options.results)
    if options.missing:
        cases = [case for case in cases if case not in results]
    lock = threading.Lock()

    def one(case: Case) -> None:
        result = _tried(case)
        with lock:
            results[case] = result
            print(f"{case.fault} {case.when} {case.manager}: {result.word} ({result.seconds} s)", file=sys.stderr)
            if options.show:
                print(result.injected, result.output, sep="\n", flush=True)
            if options.results:
                with Path(options.results).open("ab") as kept:
                    kept.write(msgspec.json.encode(result) + b"\n")

    with ThreadPoolExecutor(options.parallel) as pool:
        list(pool.map(one, cases))
    text = markdown(results.values(), dt.datetime.now(tz=dt.UTC).date().isoformat())
    if options.write:
        Path(options.write).write_text(text, encoding="utf-8")
    print(text)
    return int(any(results[case].wrong for case in cases))


def _tried(case: Case) -> Result:
    try:
        return run(case)
    except (SandboxError, OSError, subprocess.SubprocessError) as error:
        return Result(case=case, wrong=(f"not tried: {error}"[:300],))


def _known(path: str) -> dict[Case, Result]:
    """Results of earlier runs: the later of two for the same case counts."""
    if not path or not Path(path).exists():
        return {}
    lines = Path(path).read_bytes().splitlines()
    found = [msgspec.json.decode(line, type=Result) for line in lines]
    return {one.case: one for one in found}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.hosts.inits", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("only", nargs="*", default=[""], help="beginnings of the faults' names; default all")
    parser.add_argument("--manager", nargs="+", choices=MANAGERS, default=MANAGERS)
    parser.add_argument("--when", nargs="+", choices=("running", "restarted"), default=("running", "restarted"))
    parser.add_argument("--all", action="store_true", help="every damage of each family of files, not one of each")
    parser.add_argument("--seed", type=int, default=1, help="which file or rule a fault hits; default %(default)s")
    parser.add_argument("--parallel", type=int, default=2, help="hosts at once, default %(default)s")
    parser.add_argument("--results", default="", help="a file that keeps each result; those in it are in the table too")
    parser.add_argument("--missing", action="store_true", help="only what that file has no result of")
    parser.add_argument("--show", action="store_true", help="print what doctor printed")
    parser.add_argument("--write", help="where the table is written (benchmarks/INITS.md)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
