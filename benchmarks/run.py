"""Measure doctor against its bars: `python -m benchmarks.run [TABLE…]`, as root; writes benchmarks/RESULTS.md.

Figures of a shared machine move; ratios inside one interleaved run and CPU hold, so read those.
"""

import argparse
import compileall
import importlib
import os
import pkgutil
import platform
import sys
from pathlib import Path

import benchmarks.bars
from benchmarks.hosts import CHECKOUT

_RESULTS = Path(__file__).with_name("RESULTS.md")


def main() -> None:
    """Run the tables asked for, print each as it is there, and keep them all in RESULTS.md."""
    names = sorted(module.name for module in pkgutil.iter_modules(benchmarks.bars.__path__))
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("tables", nargs="*", metavar="TABLE", help=f"any of {', '.join(names)}; all of them by default")
    parser.add_argument("--rounds", type=int, default=15, help="counted runs of each command, default %(default)s")
    parser.add_argument("--no-write", action="store_true", help="leave RESULTS.md as it is")
    options = parser.parse_args()
    unknown = set(options.tables) - set(names)
    if unknown:
        parser.error(f"no such table: {', '.join(sorted(unknown))}")
    if os.geteuid() != 0:
        parser.error("data roots and boxes can only be made by root")
    compile_rooms()
    texts = [_heading(options.rounds)]
    print(texts[0], flush=True)
    for name in options.tables or names:
        for section in importlib.import_module(f"benchmarks.bars.{name}").sections(options.rounds):
            texts.append(section.markdown())
            print(texts[-1], flush=True)
    if not options.tables and not options.no_write:
        _RESULTS.write_text("\n".join(texts), encoding="utf-8")


def compile_rooms() -> None:
    """Leave bytecode beside the sources, as an installer does, and let the measured processes use it."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    for room in ("doctor", "checks", "fixers", "reports"):
        compileall.compile_dir(CHECKOUT / room, quiet=2)


def _heading(rounds: int) -> str:
    cores = len(os.sched_getaffinity(0))
    kernel = ".".join(platform.release().split(".")[:2])
    python = platform.python_version()
    load = os.getloadavg()[0]
    return (
        "# Measured\n\n"
        f"By `python -m benchmarks.run`: {cores}-core VM, Linux {kernel}, Python {python}, load {load:.1f} at the start; {rounds} "
        "interleaved rounds after one that is not counted, medians, whole processes. CPU is user and system time of the process "
        f"tree. Peak RSS below {_own_rss_mib():.0f} MiB is the harness's own.\n"
    )


def _own_rss_mib() -> float:
    if sys.platform != "linux":
        return 0
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0)


if __name__ == "__main__":
    main()
