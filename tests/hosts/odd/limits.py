"""Large, changing and hostile networks: `python -m tests.hosts.odd.limits`, as root; what a scan costs there, and whether it holds.

Names as arguments run only those limits that contain one of them. Exit code 1 where a scan fails, hangs or shows a secret.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.hosts.box import Box, why_not
from tests.hosts.odd import judge
from tests.hosts.odd.limit_scripts import LIMITS, SECRET, Limit
from tests.hosts.odd.odd_host import OddHost
from tests.hosts.sandbox import SandboxError

_ROUNDS = 3
_HARNESS = """
import json, os, subprocess, sys, time
begun = time.monotonic()
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
out, err = child.stdout, child.stderr
import threading
words = []
reader = threading.Thread(target=lambda: words.append(err.read()))
reader.start()
said = out.read()
reader.join()
_, status, usage = os.wait4(child.pid, 0)
json.dump({"wall": time.monotonic() - begun, "cpu": usage.ru_utime + usage.ru_stime, "rss": usage.ru_maxrss / 1024,
    "code": os.waitstatus_to_exitcode(status), "out": said.decode(errors="replace"), "err": words[0].decode(errors="replace")}, sys.stdout)
"""


@dataclass(slots=True)
class Measured:
    """A scan before and after the limit was made.

    Attributes:
        wrong: what is not as it has to be: a traceback, a secret, an exit code, more time than allowed.
        found: ids of findings of warning or above.
    """

    limit: Limit
    before: dict[str, Any]
    after: dict[str, Any]
    found: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()


def main() -> int:
    """Measure each and write the table."""
    options = _options()
    if reason := why_not():
        print(reason, file=sys.stderr)
        return 2
    measured = []
    for limit in LIMITS:
        if not options.names or any(word in limit.name for word in options.names):
            try:
                one = measure(limit)
            except (SandboxError, OSError, subprocess.SubprocessError) as error:
                one = Measured(limit, {}, {}, wrong=(f"not made: {_words(error)}",))
            measured.append(one)
            print(_row(one), flush=True)
    if options.write:
        Path(options.write).write_text(table(measured), encoding="utf-8")
    return int(any(one.wrong for one in measured))


def _words(error: Exception) -> str:
    return f"{getattr(error, 'stderr', '') or error}".strip()[-300:]


def measure(limit: Limit) -> Measured:
    """Make the plain host, scan it, make the limit, scan it again."""
    with Box(data_root=judge.root()) as box:
        host = OddHost(name=limit.name, packages=limit.packages, settings=limit.settings)
        if reason := judge.make(box, host):
            raise SandboxError(reason)
        before = _scan(box, (), _ROUNDS)
        done = box.run(["sh", "-ec", judge.prelude() + limit.script], check=False, timeout=400)
        if done.returncode:
            raise SandboxError(f"the script failed: {(done.stderr or done.stdout)[-300:]}")
        after = _scan(box, limit.arguments, 1 if limit.hangs else _ROUNDS)
    return _judged(limit, before, after)


def _scan(box: Box, arguments: tuple[str, ...], rounds: int) -> dict[str, Any]:
    """Return the cheapest of several scans, the first one aside, which keeps a backup."""
    runs = []
    for _ in range(rounds):
        command = [sys.executable, "-c", _HARNESS, box.doctor_path, "scan", *arguments, "--format", "json"]
        runs.append(json.loads(box.run(command, timeout=300).stdout))
    return min(runs, key=lambda run: run["cpu"])


def _judged(limit: Limit, before: dict[str, Any], after: dict[str, Any]) -> Measured:
    wrong = []
    said = after["out"] + after["err"]
    if "Traceback" in said:
        wrong.append("a traceback")
    if SECRET in said:
        wrong.append("a secret")
    if after["code"] not in limit.exits:
        wrong.append(f"exit code {after['code']}")
    if (more := after["cpu"] - before["cpu"]) > limit.most_cpu:
        wrong.append(f"{more:.1f} s of CPU more, {limit.most_cpu:g} s allowed")
    if (more := after["wall"] - before["wall"]) > limit.most_wall:
        wrong.append(f"{more:.1f} s longer, {limit.most_wall:g} s allowed")
    if (more := after["rss"] - before["rss"]) > limit.most_mib:
        wrong.append(f"{more:.0f} MiB more, {limit.most_mib} MiB allowed")
    findings, outcomes = _report(after["out"])
    if errors := [f"{one['check']}: {one.get('reason', '')}"[:160] for one in outcomes if one.get("status") == "error"]:
        wrong.append(f"checks that failed: {', '.join(errors[:3])}")
    usual = {one["message"] for one in _report(before["out"])[0]}
    found = {one["id"] for one in findings if one["message"] not in usual and one["severity"] != "info"}
    if strange := sorted(found - limit.findings):
        wrong.append(f"findings: {', '.join(strange)}")
    return Measured(limit, before, after, tuple(sorted(found)), tuple(wrong))


def _report(text: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    try:
        report = json.loads(text)
    except ValueError:
        return [{"id": "no report", "message": text[-200:], "severity": "critical"}], []
    return report.get("findings", []), report.get("outcomes", [])


def table(measured: Iterable[Measured]) -> str:
    """The results as a page."""
    lines = [
        "# Large, changing and hostile networks",
        "",
        "`python -m tests.hosts.odd.limits --write benchmarks/LIMITS.md`, as root: a host with a real dockerd and four containers; each limit is",
        f"made of real kernel state or real files. The cheapest of {_ROUNDS} scans of the whole process tree before and after; RSS is the largest",
        "process's. It holds if there is no traceback, no secret, no finding that is not true, and no more time and memory than allowed.",
        "",
        "| limit | wall s | CPU s | peak RSS MiB | findings | holds |",
        "| --- | --- | --- | --- | --- | --- |",
        *map(_row, measured),
    ]
    return "\n".join(lines) + "\n"


def _row(one: Measured) -> str:
    verdict = "; ".join(one.wrong).replace("\n", " ").replace("|", "/") or "yes"
    figures = ["", "", ""]
    if one.after:
        figures = [f"{one.before[key]:.2f} → {one.after[key]:.2f}" for key in ("wall", "cpu")]
        figures.append(f"{one.before['rss']:.0f} → {one.after['rss']:.0f}")
    return f"| {' | '.join((one.limit.name, *figures, ', '.join(one.found) or 'none', verdict))} |"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.hosts.odd.limits", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("names", nargs="*")
    parser.add_argument("--write", help="write the table to this file")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
