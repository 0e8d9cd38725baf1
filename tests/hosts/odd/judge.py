"""One odd host: healthy by traffic first, and then a scan without and with probes, beside those of the plain host."""

import inspect
import json
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.hosts import archive, images
from tests.hosts.box import Box
from tests.hosts.cuts import traffic
from tests.hosts.odd.odd_host import PRELUDE, OddHost
from tests.hosts.odd.packages import OWN, copy_in, install_engine
from tests.hosts.sandbox import SandboxError

_HERE = Path(__file__).parent
_BROKEN = frozenset({"warning", "error", "critical"})
_KINDS = (("scan",), ("scan", "--probe"))


@dataclass(slots=True)
class Judged:
    """The results of one host on one engine.

    Attributes:
        why_not: why the host could not be made, or which of its traffic does not flow.
        alarms: findings of warning or above beyond the plain host's, as "id: message".
        exits: the exit codes of a scan and of one with probes.
        unknown: reasons of checks that were skipped, beyond the plain host's.
        seconds: the wall time of the plain scan.
        ends: hops at which the model says that packets end, which are none on a healthy host; `doubts` its reasons of doubt.
        ways: how many ways it walked, how many of them arrive.
    """

    host: OddHost
    engine: str
    why_not: str = ""
    alarms: tuple[str, ...] = ()
    exits: tuple[int, ...] = ()
    unknown: tuple[str, ...] = ()
    seconds: float = 0.0
    ends: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    ways: tuple[int, int] = (0, 0)

    @property
    def is_silent(self) -> bool:
        """Whether a healthy host was called healthy, twice."""
        return not self.why_not and not self.alarms and set(self.exits) <= {0, 1 if self.host.allowed else 0}


def judge(host: OddHost, engine: str = OWN, *, quick: bool = False) -> Judged:
    """Make the host, prove it healthy, scan it; quick leaves out the probes, and traffic afterwards."""
    result = Judged(host, engine)
    with Box(data_root=root(engine)) as box:
        try:
            if reason := make(box, host, engine):
                result.why_not = reason
                return result
            look(box, result, quick=quick)
            if not quick and (still := _dead(box, host)):
                result.why_not = f"not healthy after the scans: {still}"
        finally:
            if host.end:
                box.run(["sh", "-c", host.end], check=False, timeout=30)
    return result


def look(box: Box, result: Judged, *, quick: bool = False) -> None:
    """Scan a host that has been made, without and with probes."""
    alarms: dict[str, None] = {}
    skips: dict[str, None] = {}
    usual = plain(result.engine)
    _walk(box, result)
    for kind in _KINDS[:1] if quick else _KINDS:
        begun = time.monotonic()
        code, report = scan(box, *kind)
        result.seconds = result.seconds or time.monotonic() - begun
        result.exits += (code,)
        alarms |= dict.fromkeys(
            one for one in _alarms(report, usual) if one.partition(": ")[0] not in result.host.allowed
        )
        skips |= dict.fromkeys(_skips(report))
    result.alarms, result.unknown = tuple(alarms), tuple(skips)


def _walk(box: Box, result: Judged) -> None:
    """Ask the model itself, too: a check that says nothing of a hop does not make it right."""
    done = box.run([sys.executable, str(_HERE / "ends.py")], check=False, timeout=60)
    try:
        found = json.loads(done.stdout)
    except ValueError:
        result.ends = (f"no answer: {done.stderr.strip()[-300:]}",)
        return
    result.ends = tuple(found["cuts"])
    result.doubts = tuple(f"{count} x {text}" for text, count in found["unknown"])
    result.ways = found["walked"], found["delivered"]


def make(box: Box, host: OddHost, engine: str = OWN) -> str:
    """Make the host; returns which of its traffic does not flow, or the command that failed."""
    try:
        install_engine(box, engine)
        if host.packages:
            copy_in(box, host.packages)
        _run_outside(box, host.outside)
        run_script(box, host.before)
        if host.settings:
            box.write("/etc/docker/daemon.json", json.dumps(host.settings))
        box.start_dockerd()
        run_script(box, host.script)
        if reason := _change(box, host):
            return reason
    except subprocess.CalledProcessError as error:
        return f"'{error.cmd[0]}' failed: {(error.stderr or error.stdout).strip()[-300:]}"
    except (SandboxError, OSError, subprocess.TimeoutExpired) as error:
        return f"{type(error).__name__}: {str(error)[-300:]}"
    return _dead(box, host)


def _change(box: Box, host: OddHost) -> str:
    """Change a host on purpose that a scan has found healthy; returns why the scan did not."""
    if not (host.later or host.outside_later):
        return ""
    if dead := [name for name in traffic.dead(box) if name not in host.without]:
        return f"not healthy before the change: {', '.join(dead)}"
    code, report = scan(box, "scan")
    if code:
        return f"a scan before the change has exit code {code}: {_alarms(report, frozenset())}"
    _run_outside(box, host.outside_later)
    run_script(box, host.later)
    return ""


def _run_outside(box: Box, text: str) -> None:
    if text:
        script = f"box={box.pid} python={sys.executable} odd={_HERE}\n{_BACKGROUND}\n{text}"
        box.outside(["sh", "-ec", script], timeout=60)


_BACKGROUND = """
tunnel() { setsid --fork $python $odd/tunnel.py "$@" >/dev/null 2>&1 </dev/null; }
"""


def run_script(box: Box, text: str) -> None:
    """Run a script of a host with the names that every script has."""
    if text:
        box.run(["sh", "-ec", prelude() + text], timeout=150)


def prelude() -> str:
    """Return the names that every script has."""
    return f"python={sys.executable} odd={_HERE}\n{PRELUDE}"


def _dead(box: Box, host: OddHost) -> str:
    return ", ".join([*(name for name in traffic.dead(box) if name not in host.without), *failing(box, host)])


def failing(box: Box, host: OddHost) -> list[str]:
    """Return the checks of the host's own traffic that fail, a third time too if they failed before."""
    found = []
    for check in host.checks:
        for attempt in range(3):
            done = box.run(["sh", "-ec", prelude() + check], check=False, timeout=30)
            if done.returncode == 0:
                break
            time.sleep(0.5 * attempt)
        else:
            found.append(f"'{check}': {(done.stderr or done.stdout).strip()[-120:]}")
    return found


@cache
def plain(engine: str) -> frozenset[str]:
    """Return what both kinds of scan find on the plain host, as `_alarms` writes it."""
    with Box(data_root=root(engine)) as box:
        install_engine(box, engine)
        box.start_dockerd()
        if still := traffic.dead(box):
            raise SandboxError(f"the plain host with engine {engine} is not healthy: {', '.join(still)}")
        found: set[str] = set()
        for kind in _KINDS:
            found.update(_alarms(scan(box, *kind)[1], frozenset()))
    return frozenset(found)


def scan(box: Box, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Return the exit code and the report; a scan that hangs is -1."""
    try:
        done = box.doctor(*arguments, "--format", "json", timeout=120)
    except subprocess.TimeoutExpired:
        return -1, {}
    try:
        report: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        report = {"findings": [{"id": "no report", "severity": "critical", "message": done.stderr[-300:]}]}
    return done.returncode, report


def _alarms(report: dict[str, Any], usual: frozenset[str]) -> list[str]:
    found = [one for one in report.get("findings", []) if one.get("severity") in _BROKEN]
    return [text for one in found if (text := f"{one['id']}: {one.get('message', '')}") not in usual]


def _skips(report: dict[str, Any]) -> list[str]:
    return [
        f"{one['check']}: {one.get('reason', '')}"
        for one in report.get("outcomes", [])
        if one.get("status") in {"error", "unknown"}
    ]


def root(engine: str = OWN) -> Path:
    """The data root of the plain host, made by that engine."""
    key = "\n".join([inspect.getsource(_build), images.source(), engine])
    return archive.cached(f"odd-{engine}.tar", key, lambda target: _build(target, engine))


def _build(target: Path, engine: str) -> None:
    """`web` and `lo` on the default bridge, `app1` and `app2` on a network of their own, as the battery of cuts has them."""
    with Box() as box:
        install_engine(box, engine)
        box.start_dockerd()
        images.build(box)
        option = "com.docker.network.bridge.name=br-app"
        box.docker("network", "create", "--subnet", "10.88.0.0/24", "-o", option, "app")
        run = ("run", "-d", "--restart", "always", "--stop-timeout", "1")
        box.docker(*run, "--name", "web", "-p", "8080:80", "leg:1")
        box.docker(*run, "--name", "lo", "-p", "127.0.0.1:8082:80", "leg:1")
        for name, address, more in (("app1", "10.88.0.2", ("-p", "8081:80")), ("app2", "10.88.0.3", ())):
            box.docker(*run, "--name", name, "--network", "app", "--ip", address, *more, "leg:1")
        box.power_loss()
        archive.pack(box.workdir / "docker", target)
