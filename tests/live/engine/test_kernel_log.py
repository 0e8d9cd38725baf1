"""Events in the kernel's log are tied to the containers of this host: made by real containers on a real kernel."""

import json
import time

import pytest

from tests.hosts.box import Box

pytestmark = pytest.mark.live
GREEDY = "sh -c 'x=a; while :; do x=$x$x; done'; exec sleep 1000"
MANY = "for i in 1 2 3 4 5 6 7 8; do sleep 1000 & done; exec sleep 1000"


def found(box: Box) -> dict[tuple[str, str], str]:
    """(id, subject) → message of the findings about containers in the kernel's log."""
    done = box.doctor("scan", "--select", "resources,kernel", "--format", "json")
    wanted = ("resources/oom-killed", "resources/pids-limit-reached", "kernel/hung-task")
    return {
        (one["id"], one["subject"]["name"]): one["message"]
        for one in json.loads(done.stdout)["findings"]
        if one["id"] in wanted
    }


def test_containers_that_reached_a_limit(patient_box: Box) -> None:
    """A killed child leaves its container running: only the log shows it. A removed container is a finding no longer."""
    box = patient_box
    assert found(box) == {}
    box.docker("run", "-d", "--name", "greedy", "-m", "24m", "bb:1", "sh", "-c", GREEDY)
    box.docker("run", "-d", "--name", "many", "--pids-limit", "5", "bb:1", "sh", "-c", MANY)
    deadline = time.monotonic() + 15
    seen: dict[tuple[str, str], str] = {}
    while len(seen) < 2 and time.monotonic() < deadline:
        time.sleep(0.3)
        seen = found(box)
    assert seen[("resources/oom-killed", "greedy")].startswith(
        "container greedy reached its memory limit of 24 MiB, and the kernel killed 'sh' in it: once in the last day, "
    )
    assert seen[("resources/pids-limit-reached", "many")].startswith("container many reached its limit of processes ")
    assert box.docker("inspect", "-f", "{{.State.Running}}", "greedy").strip() == "true"
    said = box.doctor("explain", "cgroup: fork rejected by pids controller in /docker/4f0c9f").stdout
    assert "resources/pids-limit-reached" in said
    assert "container many" in said
    box.docker("rm", "-f", "greedy", "many")
    assert found(box) == {}
