"""Reports of many hosts, made from real ones: `python -m benchmarks.fleet DIR --hosts 10000 --days 1 [--gzip]`.

A scan of this machine gives the outcomes, and scans of cases in tests/cases the findings; names, ids, times, versions and verdicts are
varied with a fixed seed. So each file has the size and the content of a real report.
"""

import argparse
import gzip
import hashlib
import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.hosts import CHECKOUT, DOCTOR

_CASES = 16
"""Scans of cases, half a second each."""
_BROKEN = 0.06
_UPTIME = 9
"""Days between two boots."""
_FAMILIES = ("web", "db", "build", "edge", "queue", "batch")
_ENGINES = (("29.0.1", 8), ("28.5.2", 70), ("26.1.5", 22))
_KERNELS = (("6.12.48+deb13-amd64", 75), ("6.1.0-28-amd64", 24), ("6.18.2", 1))
_SYSTEMS = (("Debian GNU/Linux 13 (trixie)", 60), ("Ubuntu 24.04.3 LTS", 40))
_MARKS = {field: f"@{field}@" for field in ("name", "id", "boot", "started", "engine", "kernel", "os")}


@dataclass(frozen=True, slots=True)
class Template:
    """A report with marks in place of what differs between hosts."""

    text: str

    def filled(self, values: dict[str, str]) -> bytes:
        """Return the report of one host at one time."""
        text = self.text
        for field, mark in _MARKS.items():
            text = text.replace(mark, values[field])
        return text.encode()


def templates(cases: int = _CASES) -> tuple[Template, list[Template]]:
    """Return the report of a host without a problem, and reports with the findings of cases."""
    here = _scanned("--skip", "versions")
    here["host"] |= _MARKS | {"root": "/"}
    here["host"].pop("started")
    here["started"] = _MARKS["started"]
    folders = sorted((CHECKOUT / "tests/cases").glob("*/*/*/host"))
    step = max(1, len(folders) // (2 * cases))
    broken = []
    for folder in folders[::step]:
        found = [one for one in _scanned("--root", str(folder))["findings"] if one["severity"] != "info"]
        if found and len(broken) < cases:
            broken.append(_with(here, found))
    return _with(here, []), broken


def write(
    directory: Path, hosts: int, days: int = 1, *, packed: bool = False, seed: int = 1, now: float | None = None
) -> int:
    """Write the reports of these hosts, one a host and day, the newest a few hours old; return the bytes written."""
    random = Random(seed)
    clear, broken = templates()
    end = (time.time() if now is None else now) - 3 * 3600
    written = 0
    for number in range(hosts):
        name = f"{_FAMILIES[number % len(_FAMILIES)]}-{number:05d}"
        values = {
            "name": name,
            "id": hashlib.sha256(name.encode()).hexdigest()[:32],
            "engine": _any(random, _ENGINES),
            "kernel": _any(random, _KERNELS),
            "os": _any(random, _SYSTEMS),
        }
        fault = random.choice(broken) if random.random() < _BROKEN else None
        since = random.randrange(days)
        for day in range(days):
            ago = days - 1 - day
            started = end - ago * 86400 - random.randrange(3600)
            stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(started))
            chosen = clear if fault is None or day < since else fault
            boot = hashlib.sha256(f"{name} {day // _UPTIME}".encode()).hexdigest()[:32]
            raw = chosen.filled(values | {"started": stamp, "boot": boot})
            folder = directory / stamp[:10]
            folder.mkdir(parents=True, exist_ok=True)
            data = gzip.compress(raw, 6) if packed else raw
            (folder / f"{name}.json{'.gz' if packed else ''}").write_bytes(data)
            written += len(data)
    return written


def _scanned(*arguments: str) -> dict[str, Any]:
    argv = [DOCTOR, "scan", "--format", "json", *arguments]
    done = subprocess.run(argv, check=False, capture_output=True, timeout=120)
    # Some cases have no host at all, and doctor refuses to scan them.
    found: dict[str, Any] = json.loads(done.stdout or b'{"findings": []}')
    return found


def _with(report: dict[str, Any], findings: list[dict[str, Any]]) -> Template:
    failed = {one["id"] for one in findings}
    outcomes = [
        one | {"outcome": "fail" if one["id"] in failed else "pass", "incomplete": False} for one in report["outcomes"]
    ]
    ran = len(outcomes)
    levels = [one["severity"] for one in findings]
    worst = next((word for word in ("critical", "error", "warning") if word in levels), None)
    counts = {word: levels.count(word) for word in ("critical", "error", "warning", "info")}
    says = f"{len(findings)} problems found, the worst is {worst}" if findings else "no problem found"
    verdict = {"state": "problems" if findings else "clear", "says": says, "problems": len(findings), "worst": worst}
    document = report | {
        "findings": findings,
        "outcomes": outcomes,
        "summary": report["summary"] | counts | {"pass": ran - len(failed), "skip": 0, "incomplete": 0},
        "verdict": report["verdict"] | verdict | {"ran": ran, "installed": ran},
        "exit_code": int(bool(findings)),
    }
    return Template(json.dumps(document))


def _any(random: Random, choices: tuple[tuple[str, int], ...]) -> str:
    return random.choices([word for word, _ in choices], [weight for _, weight in choices])[0]


def main() -> None:
    """Write what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fleet", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("directory", type=Path)
    parser.add_argument("--hosts", type=int, default=10_000)
    parser.add_argument("--days", type=int, default=1, help="reports of each host")
    parser.add_argument("--gzip", action="store_true", help="compress each")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    size = write(options.directory, options.hosts, options.days, packed=options.gzip, seed=options.seed)
    print(f"{options.hosts * options.days} reports, {size / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
