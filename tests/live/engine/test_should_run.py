"""Containers that should run and do not, or not usefully: each fault is made with ``docker run``, and found with its cause."""

import json
from typing import Any

import pytest

from tests.hosts import images
from tests.hosts.box import Box
from tests.live.repair import repair_kit as kit

pytestmark = [pytest.mark.live, pytest.mark.timeout(180)]

PROGRAMS = {
    "noexec": (b"#!/bin/sh\n", 0o644, "is not executable"),
    "crlf": (b"#!/bin/sh\r\n", 0o755, "has Windows line ends"),
    "nobash": (b"#!/bin/bash\n", 0o755, "needs /bin/bash, which the image does not have"),
    "plain": (b"echo hi\n", 0o755, "is a script without '#!'"),
    "arm": (b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\0\xb7\0" + bytes(44), 0o755, "is for arm64"),
}


def found(box: Box) -> list[dict[str, Any]]:
    """The findings about containers."""
    done = box.doctor("scan", "--select", "containers", "--format", "json")
    return list(json.loads(done.stdout)["findings"])


def begin(box: Box, name: str, *arguments: str, policy: str = "always", stop: str = "1") -> None:
    """Start a container that should run; the client's answer does not matter."""
    options = ("-d", "--network", "none", "--stop-timeout", stop, "--restart", policy, "--name", name)
    box.run(["docker", "run", *options, *arguments], check=False, timeout=60)


def test_each_fault_is_found_with_its_cause(box: Box) -> None:
    """Healthy ones first: one that a user stopped, jobs that failed, a health check that passes."""
    box.docker("import", "-", "bb:1", input=images.base_tar())
    begin(box, "fine", "--health-cmd", "true", "--health-interval", "1s", "bb:1", "sleep", "1000")
    begin(box, "by-hand", "bb:1", "sleep", "1000", policy="unless-stopped")
    box.docker("stop", "-t", "0", "by-hand")
    begin(box, "job", "bb:1", "false", policy="no")
    assert found(box) == []
    for name, (content, mode, _) in PROGRAMS.items():
        box.write(f"/root/{name}", content, mode=mode)
        begin(box, f"is-{name}", "-v", f"/root/{name}:/run-{name}", "bb:1", f"/run-{name}")
    begin(box, "missing", "bb:1", "/srv/app")
    begin(box, "loop", "bb:1", "sh", "-c", "echo starting; echo 'FATAL: no config, password=hunter2' >&2; exit 3")
    begin(box, "gave-up", "bb:1", "false", policy="on-failure:1")
    hog = "sleep 0.2; x=$(yes | head -c 90000000); echo $x | wc -c"
    begin(box, "hog", "--memory", "24m", "--memory-swap", "24m", "bb:1", "sh", "-c", hog)
    test = ("--health-cmd", "echo token=abc refused; exit 1", "--health-interval", "200ms", "--health-retries", "1")
    begin(box, "sick", *test, "bb:1", "sleep", "1000")
    box.run(["sh", "-c", "until docker ps | grep -q unhealthy; do sleep 0.2; done; sleep 3"], timeout=60)
    said = {finding["subject"]["name"]: finding for finding in found(box)}
    wanted = {
        **{f"is-{name}": "containers/program-unusable" for name in PROGRAMS},
        "is-arm": "containers/wrong-architecture",
        "missing": "containers/program-unusable",
        "loop": "containers/restart-loop",
        "gave-up": "containers/restart-loop",
        "hog": "containers/out-of-memory",
        "sick": "containers/unhealthy",
    }
    assert {name: finding["id"] for name, finding in said.items()} == wanted
    assert [name for name, (_, _, words) in PROGRAMS.items() if words not in said[f"is-{name}"]["message"]] == []
    assert "its own limit of 24.0 MiB was reached" in said["hog"]["message"]
    text = json.dumps(list(said.values()))
    assert "FATAL: no config, password=***" in text
    assert "token=***" in text
    assert "hunter2" not in text


def test_a_container_is_started_when_its_cause_is_gone(box: Box) -> None:
    """The failed start removed the stale state that it failed with: the next one succeeds. And a share that came late."""
    box.docker("import", "-", "bb:1", input=images.base_tar())
    begin(box, "again", "bb:1", "sleep", "1000", stop="0")
    begin(box, "late", "-v", "/srv/late:/d", "bb:1", "sleep", "1000", stop="0")
    identity = box.docker("inspect", "-f", "{{.Id}}", "again")
    state = f"/run/docker/runtime-runc/moby/{identity}"
    box.run(
        ["sh", "-c", f"cp -a {state} /root/state; docker stop again; cp -a /root/state {state}; ! docker start again"]
    )
    box.run(["mount", "-t", "tmpfs", "share", "/srv/late"])
    assert kit.ids(box) == {"containers/start-failed", "containers/mount-source-unmounted"}
    box.run(["sh", "-c", "docker restart late"])
    assert kit.ids(box) == {"containers/start-failed"}
    assert box.doctor("fix", "--apply", "--yes").returncode == 5, "its ports and its work are the user's choice"
    kit.repair(box, "--allow", "disruptive")
    assert box.docker("inspect", "-f", "{{.State.Running}}", "again") == "true"
    kit.undo(box)
    assert box.docker("inspect", "-f", "{{.State.Running}}", "again") == "false"
