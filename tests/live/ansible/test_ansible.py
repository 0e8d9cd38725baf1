"""The Ansible collection, as it is built, on several hosts at once without a Python of their own."""

import json
import os
import subprocess
import sys
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.hosts.box import Box
from tests.hosts.sandbox import CHECKOUT

pytestmark = [pytest.mark.live, pytest.mark.timeout(180)]

KIT = CHECKOUT / "tests/hosts/ansible"
FORWARD = "/proc/sys/net/ipv4/ip_forward"
DAEMON = "/etc/docker/daemon.json"
BROKEN = '{"debug": false,}\n'
Results = dict[str, dict[str, dict[str, Any]]]


def tool(name: str, *words: str, env: dict[str, str], check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run one of ansible-core's commands."""
    command = [str(Path(sys.executable).with_name(name)), *words]
    return subprocess.run(command, check=check, capture_output=True, text=True, timeout=150, env=os.environ | env)


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """The environment in which Ansible finds the built collection and the plugins of the tests, and nothing of the user."""
    pytest.importorskip("ansible", reason="ansible-core is not installed: pip install ansible-core")
    return {
        "HOME": str(tmp_path),
        "ANSIBLE_HOME": str(tmp_path / "ansible"),
        "ANSIBLE_COLLECTIONS_PATH": str(tmp_path / "collections"),
        "ANSIBLE_CONNECTION_PLUGINS": str(KIT / "connection"),
        "ANSIBLE_CALLBACK_PLUGINS": str(KIT / "callback"),
        "ANSIBLE_CALLBACKS_ENABLED": "doctor_results",
        "ANSIBLE_NOCOLOR": "1",
        "DOCTOR_RESULTS": str(tmp_path / "results"),
        "DOCTOR_CONFIG": "",
    }


@pytest.fixture
def collection(env: dict[str, str], tmp_path: Path) -> Path:
    """The collection, built and installed as a user installs it."""
    tool("ansible-galaxy", "collection", "build", str(CHECKOUT / "ansible"), "--output-path", str(tmp_path), env=env)
    (built,) = tmp_path.glob("container_doctor-doctor-*.tar.gz")
    tool("ansible-galaxy", "collection", "install", str(built), "--offline", env=env)
    return built


def one_file(place: Path, text: str) -> str:
    """A stand-in for the one file, under the name of this machine's processor, in a directory of its own."""
    place.mkdir()
    file = place / f"doctor-{os.uname().machine}"
    file.write_text(text)
    file.chmod(0o755)
    return str(place)


def played(hosts: dict[str, Box], tmp_path: Path, env: dict[str, str]) -> Results:
    """Run the playbook and return task → host → result."""
    inventory = {
        "all": {
            "hosts": {name: {"ansible_host": str(box.pid)} for name, box in hosts.items()},
            "vars": {
                "ansible_connection": "doctor_box",
                "ansible_python_interpreter": "/nonexistent/python",
                "ansible_remote_tmp": "/tmp/.ansible",
                "command": hosts["forward"].doctor_path,
                "reports": str(tmp_path / "reports"),
                "one_file": one_file(tmp_path / "dist", f'#!/bin/sh\nexec {hosts["forward"].doctor_path} "$@"\n'),
                "broken_file": one_file(tmp_path / "broken", "\x7fELF of another world"),
            },
        }
    }
    (tmp_path / "hosts.json").write_text(json.dumps(inventory))
    done = tool("ansible-playbook", "-i", str(tmp_path / "hosts.json"), str(KIT / "repair.yml"), env=env, check=False)
    print(done.stdout[-6000:], done.stderr)
    found: Results = defaultdict(dict)
    for line in (tmp_path / "results").read_text().splitlines():
        result = json.loads(line)
        found[result["task"]][result["host"]] = result
    assert done.returncode == 0
    return found


def test_the_life_of_a_repair_on_three_hosts(
    can_box: None, collection: Path, env: dict[str, str], tmp_path: Path
) -> None:
    """Each has another fault, and one has none: planned without a change, repaired once, undone by the run's id."""
    with ExitStack() as made:
        hosts = {name: made.enter_context(Box()) for name in ("forward", "config", "well")}
        for box in hosts.values():
            box.start_dockerd()
        hosts["forward"].write(FORWARD, "0\n")
        hosts["config"].write(DAEMON, BROKEN)
        found = played(hosts, tmp_path, env)
        assert hosts["config"].read(DAEMON) == BROKEN
    assert {host: one["ansible_facts"]["doctor"]["verdict"] for host, one in found["scan"].items()} == {
        "forward": "problems",
        "config": "problems",
        "well": "clear",
    }
    assert "config/invalid-json" in found["scan"]["config"]["ansible_facts"]["doctor"]["findings"]
    assert json.loads((tmp_path / "reports/forward.json").read_text())["kind"] == "scan"

    assert {host: one["changed"] for host, one in found["plan"].items()} == {
        "forward": True,
        "config": True,
        "well": False,
    }
    assert f"{FORWARD}: 0 → 1" in found["plan"]["forward"]["diff"][0]["prepared"]
    assert "-" + BROKEN in "".join(one["prepared"] for one in found["plan"]["config"]["diff"])
    assert found["before"]["forward"]["stdout_lines"][0] == "0"
    assert BROKEN.strip() in found["before"]["config"]["stdout"]
    # Nothing was planned into the host's state either.
    assert all(not one["stdout_lines"][1:] or "runs" not in one["stdout"] for one in found["before"].values())

    refused = found["refused"]["well"]
    assert not refused["changed"]
    assert "--root contains no host" in refused["msg"]
    for host in ("forward", "config"):
        repair = found["repair"][host]
        assert repair["changed"]
        assert repair["exit_code"] == 0
        assert {action["result"] for action in repair["actions"]} == {"done"}
        assert repair["diff"]
        assert found["undo"][host]["changed"]
        assert found["undone"][host]["changed"] is False
        assert "already undone" in found["undone"][host]["msg"]
    assert not found["repair"]["well"]["changed"]
    assert found["undo"]["well"]["state"] == "skipped"
    assert not any(one["changed"] for task in ("again", "scan") for one in found[task].values())
    assert found["after"]["forward"]["stdout_lines"][0] == "0"
    assert BROKEN.strip() in found["after"]["config"]["stdout"]

    well = {task: results["well"] for task, results in found.items() if "well" in results}
    assert well["copied"]["verdict"] == "clear"
    assert well["would install"]["changed"]
    assert well["install"]["changed"]
    assert well["install"]["version"]
    assert not well["installed"]["changed"]
    assert "does not run as /root/doctor" in well["broken file"]["msg"]
    assert "was not found on the host" in well["not there"]["msg"]


def test_each_module_is_documented(collection: Path, env: dict[str, str]) -> None:
    """With an action for each module, as ``ansible-doc`` and editors need it."""
    modules = {path.stem for path in (CHECKOUT / "ansible/plugins/modules").glob("*.py")}
    assert modules == {path.stem for path in (CHECKOUT / "ansible/plugins/action").glob("*.py")}
    names = [f"container_doctor.doctor.{name}" for name in sorted(modules)]
    done = tool("ansible-doc", "--json", *names, env=env)
    assert sorted(json.loads(done.stdout)) == names
    assert not done.stderr.strip()
