"""A running host with several faults, and its bundle on another machine: the same findings, plan and exit code."""

import base64
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hosts import faults
from tests.hosts.box import Box
from tests.hosts.patient import patient

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]

FAULTS = ("forward/runtime-off", "firewall/masquerade-gone", "config/log-opts-number", "state/layer-size-torn")
FILE = "/root/box.bundle"


@pytest.fixture(scope="module")
def box(can_box: None) -> Iterator[Box]:
    with Box(data_root=patient()) as made:
        made.start_dockerd()
        made.docker("run", "-d", "--name", "bundled", "-p", "8099:80", "bb:1", "sleep", "9000")
        for name in FAULTS:
            faults.inject(made, name)
        yield made


class Elsewhere:
    """doctor on this machine, with a state directory of its own and the bundle as a file."""

    def __init__(self, box: Box, where: Path) -> None:
        self.path = where / "box.bundle"
        self.path.write_bytes(base64.b64decode(box.run(["base64", FILE]).stdout))
        self._doctor = box.doctor_path
        self.state = where / "state"

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run doctor with ``--bundle``."""
        words = [self._doctor, *arguments, "--bundle", str(self.path)]
        environment = os.environ | {"DOCTOR_STATE_DIR": str(self.state)}
        return subprocess.run(words, capture_output=True, text=True, check=False, timeout=60, env=environment)


def shown(text: str, *, key: str) -> list[Any]:
    """Return a list of a JSON report, without durations, and without the history of this host."""
    found: list[dict[str, Any]] = json.loads(text)[key]
    return [{name: value for name, value in one.items() if name not in {"seconds", "seen"}} for one in found]


def test_it_is_judged_elsewhere_as_on_the_host(box: Box, tmp_path: Path) -> None:
    """Also netlink, firewall, processes, the engine's answers and the model of paths: all of that is in it."""
    done = box.doctor("bundle", "-o", FILE)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert box.run(["stat", "-c", "%a", FILE]).stdout.strip() == "600"
    here = box.doctor("scan", "--format", "json")
    there = Elsewhere(box, tmp_path)
    scan = there.run("scan", "--format", "json")
    assert (scan.returncode, scan.stderr) == (here.returncode, "") == (1, "")
    assert len(shown(scan.stdout, key="findings")) >= len(FAULTS)
    assert shown(scan.stdout, key="findings") == shown(here.stdout, key="findings")
    assert shown(scan.stdout, key="outcomes") == shown(here.stdout, key="outcomes")
    host = json.loads(scan.stdout)["host"]
    assert (host["name"], host["root"]) == ("box", str(there.path))
    assert not (there.state / "history.db").exists(), "it is not this machine"
    plan = there.run("fix", "--format", "json", "--allow", "disruptive")
    real = box.doctor("fix", "--format", "json", "--allow", "disruptive")
    assert plan.returncode == real.returncode
    assert shown(plan.stdout, key="actions") == shown(real.stdout, key="actions") != []
    assert there.run("fix", "--apply", "--yes").returncode == 2


def test_it_is_written_for_root_alone_and_replaces_nothing(box: Box) -> None:
    """Through a pipe, too; a list of what would be in it writes nothing."""
    box.run(["rm", "-f", FILE])
    listed = box.doctor("bundle", "--dry-run", "-v")
    assert listed.returncode == 0
    assert "doctor.facts.path.namespaces.NetNamespaces" in listed.stdout
    assert box.run(["test", "-e", FILE], check=False).returncode == 1
    box.write(FILE, "mine\n")
    box.run(["chmod", "644", FILE])
    refused = box.doctor("bundle", "-o", FILE)
    assert (refused.returncode, box.read(FILE)) == (5, "mine\n")
    assert "the file exists — choose another name, or add --force" in refused.stderr
    assert box.doctor("bundle", "-o", FILE, "--force", "-q").returncode == 0
    assert box.run(["stat", "-c", "%a", FILE]).stdout.strip() == "600"
    piped = box.run(
        ["sh", "-c", f"{box.doctor_path} bundle -o - | {box.doctor_path} scan --bundle - --format json"], check=False
    )
    assert json.loads(piped.stdout)["host"]["root"] == "-"
