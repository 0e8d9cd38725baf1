"""Reports of made-up hosts, in files."""

import json
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from doctor.fleet.merge import FleetOptions, merge
from doctor.model.fleet.report import FleetReport

NOW = 1_800_000_000.0
HOUR = 3600.0
DAY = 86400.0
CHECKS = (
    "engine/shim-missing",
    "engine/runtime-missing",
    "logging/unbounded",
    "logging/unbounded-json-file",
    "a/one",
    "a/two",
    "b/three",
    "b/four",
)
"""Checks that ran on each host."""
BREAKS = {"engine/shim-missing": ("start",), "network/ip-forward-off": ("egress", "port")}


def finding(identity: str, severity: str = "error", subject: str = "x", **more: Any) -> dict[str, Any]:
    """A finding as the JSON format writes it."""
    return {
        "id": identity,
        "severity": severity,
        "subject": {"kind": "file", "name": subject},
        "message": f"{identity} is wrong",
        "evidence": [{"source": "/etc/x", "value": "y"}],
        "fix": None,
        "causes": [],
        "fingerprint": sha256(f"{identity} {subject}".encode()).hexdigest()[:16],
        "waived": "",
        **more,
    }


def report(name: str = "web1", *findings: dict[str, Any], ago: float = HOUR, **more: Any) -> dict[str, Any]:
    """A report as ``doctor scan --format json`` writes it; a finding that is not waived makes it one with problems."""
    problems = [one for one in findings if not one["waived"] and one["severity"] != "info"]
    host = {"name": name, "kernel": "6.12.1", "root": "/", "os": "Debian 13", "engine": "28.5.2", "id": "", "boot": ""}
    return {
        "schema_version": "1",
        "kind": "scan",
        "doctor": "0.1.0",
        "host": host | more.pop("host", {}),
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(NOW - ago)),
        "seconds": 0.4,
        "findings": list(findings),
        "outcomes": [
            {"id": one, "outcome": "pass", "reason": "", "seconds": 0.0, "incomplete": False}
            for one in (*CHECKS, *(one["id"] for one in findings))
        ],
        "summary": {"hidden": 0},
        "verdict": {
            "state": "problems" if problems else "clear",
            "says": "1 problem found" if problems else "no problem found",
            "unseen": "",
            "problems": len(problems),
            "worst": problems[0]["severity"] if problems else None,
            "ran": 390,
            "installed": 390,
        }
        | more.pop("verdict", {}),
        "probes": [],
        "repair": None,
        "notes": [],
        "fail_on": "warning",
        "exit_code": int(bool(problems)),
        **more,
    }


def healthy(name: str, **more: Any) -> dict[str, Any]:
    """A report that says healthy."""
    return report(name, verdict={"state": "healthy", "says": "healthy"}, **more)


def write(folder: Path, *reports: dict[str, Any]) -> Path:
    """Write each report to a file of its own."""
    folder.mkdir(exist_ok=True, parents=True)
    start = len(list(folder.iterdir()))
    for number, one in enumerate(reports, start):
        (folder / f"{number:04d}.json").write_text(json.dumps(one))
    return folder


def no_bundle(path: str) -> bytes:
    """Fail: these files are reports."""
    pytest.fail(f"{path} was taken for a bundle")


def merged(
    *places: Path, of_bundle: Callable[[str], bytes] = no_bundle, stale_after: float | None = 2 * DAY, **more: Any
) -> FleetReport:
    """Merge what is in these places, at the time NOW."""
    options = FleetOptions(places=tuple(map(str, places)), now=NOW, stale_after=stale_after, **more)
    return merge(options, "0.1.0", lambda identity: BREAKS.get(identity, ()), of_bundle)
