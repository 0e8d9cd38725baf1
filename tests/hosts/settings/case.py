"""One daemon.json: what a scan finds before dockerd reads it, and what dockerd does with it."""

import json
import time
from pathlib import Path
from typing import Any

import msgspec

from tests.hosts.box import Box

_AREAS = "config,engine,storage,logging,network,security,dns,cgroups"
_DAEMON_JSON = "/etc/docker/daemon.json"
_SAID = ("failed to start", "unable to configure", "level=fatal", "invalid", "flag")
_START_S = 12.0
_CLEAN = (
    "for n in $(seq 80); do pidof dockerd >/dev/null || break; sleep 0.1; done; pkill -9 -x dockerd; pkill -x containerd;"
    "sleep 0.2; rm -f /var/run/docker.pid /var/log/dockerd.log; ip link del docker0 2>/dev/null; iptables -t nat -F; iptables -F;"
    "rm -rf /var/lib/docker/network; true"
)


class SettingsCase(msgspec.Struct, frozen=True, kw_only=True):
    """A daemon.json (an object, or its text), commands around the try, and arguments of the container that is tried."""

    settings: dict[str, Any] | str
    before: str = "true"
    after: str = "true"
    run: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The file's text."""
        return self.settings if isinstance(self.settings, str) else json.dumps(self.settings)


class SettingsResult(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one try.

    Attributes:
        engine: "works", "starts no container" or "does not start", and ``says`` the line with the reason.
        is_valid: whether `dockerd --validate` accepts the file.
        found: (check, severity, message) that a scan found before the start and not with an empty file.
    """

    name: str
    text: str
    engine: str
    says: str
    is_valid: bool
    found: tuple[tuple[str, str, str], ...]

    @property
    def word(self) -> str:
        """Whether the scan was right: "named", "missed", "false" (a harmless file is called an error) or "quiet"."""
        bad = [
            check
            for check, severity, _ in self.found
            if severity in {"critical", "error"} and not check.startswith("security/")
        ]
        if self.engine == "works":
            return "false" if bad else "quiet"
        return "named" if self.found else "missed"


def cases() -> dict[str, SettingsCase]:
    """Return all of them by name."""
    return msgspec.json.decode((Path(__file__).parent / "cases.json").read_bytes(), type=dict[str, SettingsCase])


def findings(box: Box) -> tuple[tuple[str, str, str], ...]:
    """Scan the areas that judge settings; that the engine is down is known."""
    done = box.doctor("scan", "--select", _AREAS, "--format", "json")
    found = json.loads(done.stdout)["findings"]
    return tuple((one["id"], one["severity"], one["message"]) for one in found if one["id"] != "engine/down")


def stop(box: Box) -> None:
    """Stop the engine, and remove what a start with other settings would take over."""
    box.run(["sh", "-c", f"pkill -x dockerd; {_CLEAN}"], check=False)


def tried(box: Box, name: str, case: SettingsCase, known: frozenset[tuple[str, str, str]]) -> SettingsResult:
    """Scan the stopped host with this file, start the engine and a container, and stop it again."""
    box.run(["sh", "-c", case.before], check=False)
    box.write(_DAEMON_JSON, case.text)
    valid = box.run(["dockerd", "--validate"], check=False).returncode == 0
    found = tuple(one for one in findings(box) if one not in known)
    began = len(box.log())
    box.run(["/etc/init.d/docker", "start"], check=False)
    engine, says = _use(box, case) if _is_up(box) else ("does not start", "")
    if not says and engine != "works":
        lines = [line for line in box.log()[began:].splitlines() if any(word in line for word in _SAID)]
        says = lines[-1] if lines else "its log has no line about it"
    stop(box)
    box.run(["sh", "-c", case.after], check=False)
    box.run(["rm", "-f", _DAEMON_JSON])
    return SettingsResult(name=name, text=case.text, engine=engine, says=says, is_valid=valid, found=found)


def _is_up(box: Box) -> bool:
    end = time.monotonic() + _START_S
    began = time.monotonic()
    while time.monotonic() < end:
        if box.engine_answers():
            return True
        if time.monotonic() > began + 0.6 and not box.pids("dockerd"):
            return False
        time.sleep(0.1)
    return False


def _use(box: Box, case: SettingsCase) -> tuple[str, str]:
    command = ["timeout", "20", "docker", "run", "--rm", *case.run, "bb:1", "true"]
    done = box.run(command, check=False, timeout=40)
    if not done.returncode:
        return "works", ""
    lines = [line for line in done.stderr.splitlines() if line.strip() and not line.startswith("See ")]
    return "starts no container", lines[-1] if lines else f"exit {done.returncode}"
