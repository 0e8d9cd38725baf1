"""Which modules a command imports, and what that costs: `python -m benchmarks.imports scan --root DIR`.

From `python -X importtime`, the least of several runs for each module. Its clock is wall time; on a warm, quiet machine
that is CPU time, as nothing waits.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from benchmarks.hosts import DOCTOR, PYTHON

_OURS = frozenset({"doctor"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One module: microseconds for itself, and with all that it was the first to import; how deep, and by what."""

    name: str
    self_us: int
    cumulative_us: int
    depth: int
    parent: str = ""


def parse(text: str) -> list[Import]:
    """The modules of an importtime log (standard error), in the order in which they finished, each with its importer.

    A line is `import time: self [us] | cumulative | name`, the name indented by two spaces a level; children come before
    their parent (Python/import.c).
    """
    found: list[Import] = []
    waiting: dict[int, list[int]] = defaultdict(list)
    for line in text.splitlines():
        if not line.startswith("import time:") or "|" not in line:
            continue
        own, cumulative, name = line.removeprefix("import time:").split("|")
        if not own.strip().isdigit():
            continue
        depth = (len(name) - len(name.lstrip()) - 1) // 2
        module = Import(name=name.strip(), self_us=int(own), cumulative_us=int(cumulative), depth=depth)
        for index in waiting.pop(depth + 1, []):
            child = found[index]
            found[index] = Import(
                name=child.name,
                self_us=child.self_us,
                cumulative_us=child.cumulative_us,
                depth=child.depth,
                parent=module.name,
            )
        waiting[depth].append(len(found))
        found.append(module)
    return found


def least(runs: Iterable[list[Import]]) -> dict[str, Import]:
    """For each module the run in which it cost least by itself, with the least cumulative time of all runs."""
    best: dict[str, Import] = {}
    for run in runs:
        for module in run:
            known = best.get(module.name)
            best[module.name] = (
                module
                if known is None
                else Import(
                    name=module.name,
                    self_us=min(module.self_us, known.self_us),
                    cumulative_us=min(module.cumulative_us, known.cumulative_us),
                    depth=module.depth,
                    parent=module.parent,
                )
            )
    return best


def _log(argv: list[str]) -> list[Import]:
    done = subprocess.run([PYTHON, "-X", "importtime", *argv], capture_output=True, text=True, check=False, timeout=300)
    if "Traceback (most recent" in done.stderr:
        sys.exit(f"{' '.join(argv)} failed: {done.stderr.splitlines()[-1]}")
    return parse(done.stderr)


def _package(name: str) -> str:
    top = name.split(".", maxsplit=1)[0]
    if top in _OURS:
        return ".".join(name.split(".")[:2])
    return "(standard library)" if top in sys.stdlib_module_names else top


def report(modules: Mapping[str, Import], bare: Mapping[str, Import], top: int) -> str:
    """Three tables: packages by their own time, the dearest single modules, and the dearest imports with their importer."""
    extra = [module for name, module in modules.items() if name not in bare]
    packages: dict[str, list[Import]] = defaultdict(list)
    for module in extra:
        packages[_package(module.name)].append(module)
    total = sum(module.self_us for module in extra)
    lines = [
        f"{len(extra)} modules beyond a bare interpreter's {len(bare)}, {total / 1000:.1f} ms",
        "",
        "| package | modules | ms |",
    ]
    lines.append("| --- | --- | --- |")
    for name, members in sorted(packages.items(), key=lambda item: -sum(each.self_us for each in item[1])):
        lines.append(f"| {name} | {len(members)} | {sum(each.self_us for each in members) / 1000:.1f} |")
    lines += ["", "| module | own ms | with what it brought, ms | imported by |", "| --- | --- | --- | --- |"]
    dearest = sorted(extra, key=lambda module: -module.cumulative_us)[:top]
    dearest += [each for each in sorted(extra, key=lambda module: -module.self_us)[:top] if each not in dearest]
    for module in dearest:
        own, all_ = module.self_us / 1000, module.cumulative_us / 1000
        lines.append(f"| {module.name} | {own:.1f} | {all_:.1f} | {module.parent or '-'} |")
    return "\n".join(lines)


def main() -> None:
    """Import-time tables of one doctor command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.imports", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--top", type=int, default=25, help="how many single modules to show, default %(default)s")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="what follows `doctor`")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="doctor-bench-") as state:
        os.environ["DOCTOR_STATE_DIR"] = state
        bare = least(_log(["-c", "pass"]) for _ in range(options.runs))
        modules = least(_log([DOCTOR, *options.command]) for _ in range(options.runs))
    print(report(modules, bare, options.top))


if __name__ == "__main__":
    main()
