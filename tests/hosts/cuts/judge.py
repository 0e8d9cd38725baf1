"""One cut, from the healthy host to the repaired one: what traffic says, and what doctor says."""

import json
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.hosts import archive, images
from tests.hosts.box import Box
from tests.hosts.cuts import traffic
from tests.hosts.cuts.cut import PRELUDE, Cut

_BROKEN = frozenset({"warning", "error", "critical"})


@dataclass(slots=True)
class Judged:
    """The results of one cut.

    Attributes:
        why_not: why the fault could not be made.
        dead: the kinds of traffic that it cut.
        found: ids that a plain scan reports beyond the healthy host's; `probed` likewise with probes.
        is_hop_right: whether one of them has the words of the right hop.
        left: the kinds of traffic still dead after the repair.
        same_pids: whether the containers run on with the same first process.
    """

    cut: Cut
    why_not: str = ""
    dead: tuple[str, ...] = ()
    found: tuple[str, ...] = ()
    probed: tuple[str, ...] = ()
    exits: dict[str, int] = field(default_factory=dict)
    is_hop_right: bool = False
    left: tuple[str, ...] = ()
    same_pids: bool = True

    @property
    def is_healed(self) -> bool:
        """Whether all traffic flows again."""
        return bool(self.dead) and not self.left


def judge(cut: Cut) -> Judged:
    """Make a healthy host, break it, scan it, repair it."""
    result = Judged(cut)
    with Box(data_root=_root()) as box:
        box.start_dockerd()
        if still := traffic.dead(box):
            result.why_not = f"not healthy before: {', '.join(still)}"
            return result
        box.doctor("scan")
        usual = _findings(box, "scan")[1]
        known = {one["check"] for one in usual}
        before = traffic.pids(box)
        done = box.run(["sh", "-ec", PRELUDE + cut.script], check=False)
        if done.returncode:
            result.why_not = done.stderr.strip() or f"exit {done.returncode}"
            return result
        result.dead = traffic.dead(box)
        if not result.dead:
            return result
        result.exits["scan"], findings = _findings(box, "scan")
        new = [one for one in findings if one["check"] not in known or one not in usual]
        result.found = tuple(sorted({one["check"] for one in new}))
        result.is_hop_right = any(re.search(cut.hop, _words(one), re.IGNORECASE) for one in new)
        result.exits["probe"], findings = _findings(box, "scan", "--probe")
        result.probed = tuple(sorted({one["check"] for one in findings} - known - set(result.found)))
        result.exits["fix"] = _code(box, "fix", "--apply", "--yes", "--allow", "disruptive")
        result.left = traffic.dead(box)
        result.same_pids = traffic.pids(box) == before
    return result


def _words(finding: dict[str, Any]) -> str:
    return json.dumps(finding)


def _findings(box: Box, *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    """The exit code, and the findings that count as broken."""
    try:
        done = box.doctor(*arguments, "--format", "json", timeout=180)
    except subprocess.TimeoutExpired:
        return -1, []
    try:
        report = json.loads(done.stdout)
    except ValueError:
        return done.returncode, []
    return done.returncode, [one for one in _all(report) if one.get("severity") in _BROKEN]


def _all(report: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"check": one.get("check", one.get("id", "")), **one} for one in report.get("findings", [])]


def _code(box: Box, *arguments: str) -> int:
    try:
        return box.doctor(*arguments, timeout=240).returncode
    except subprocess.TimeoutExpired:
        return -1


def _root() -> Path:
    version = subprocess.run(["dockerd", "--version"], capture_output=True, text=True, check=True).stdout
    key = "\n".join([Path(__file__).read_text(encoding="utf-8"), images.source(), version])
    return archive.cached("cuts.tar", key, _build)


def _build(target: Path) -> None:
    """The data root of the host: `web` and `lo` on the default bridge, `app1` and `app2` on a network of their own."""
    with Box() as box:
        box.start_dockerd()
        images.build(box)
        option = "com.docker.network.bridge.name=br-app"
        box.docker("network", "create", "--subnet", "10.88.0.0/24", "-o", option, "app")
        run = ("run", "-d", "--restart", "always", "--stop-timeout", "1")
        serve = ("leg:1",)
        box.docker(*run, "--name", "web", "-p", "8080:80", *serve)
        box.docker(*run, "--name", "lo", "-p", "127.0.0.1:8082:80", *serve)
        box.docker(*run, "--name", "app1", "--network", "app", "--ip", "10.88.0.2", "-p", "8081:80", *serve)
        box.docker(*run, "--name", "app2", "--network", "app", "--ip", "10.88.0.3", *serve)
        box.power_loss()
        archive.pack(box.workdir / "docker", target)
