"""Faults inside the networks of running containers are found together, healed under them, and undone."""

import json
from typing import Any

import pytest

from tests.hosts.box import Box

pytestmark = pytest.mark.live

SERVER = ("sh", "-c", "mkdir -p /www; echo hi >/www/index.html; httpd -f -p 80 -h /www")
OUTSIDE = "http://198.51.100.2/"
CONTAINERS = (("plain", "bridge"), ("lost", "bridge"), ("one", "mesh"), ("two", "mesh"), ("mute", "mesh"))
WAYS = 5
FOUND = {
    ("dns/container-lo-down", "two"),
    ("dns/embedded-nat-missing", "mute"),
    ("network/bridge-port-isolated", "mesh"),
    ("network/container-default-route-missing", "lost"),
    ("network/duplicate-container-address", "plain"),
}


def pids(box: Box) -> list[str]:
    """First processes of the containers."""
    return [box.docker("inspect", "-f", "{{.State.Pid}}", name).strip() for name, _ in CONTAINERS]


def inside(box: Box, pid: str, *argv: str) -> str:
    """Run a program of the box in a container's network namespace."""
    return box.run(["nsenter", f"--net=/proc/{pid}/ns/net", *argv]).stdout


def outer(box: Box, pid: str) -> str:
    """The host's end of the container's veth."""
    number = inside(box, pid, "ip", "-o", "link", "show", "eth0").split("@if")[1].split(":")[0]
    return box.run(["ip", "-o", "link"]).stdout.split(f"\n{number}: ")[1].split("@")[0]


def traffic(box: Box) -> set[str]:
    """Who reaches whom: all at once, since each that does not waits for its limit."""
    asked = {
        "plain to outside": ("plain", OUTSIDE),
        "lost to outside": ("lost", OUTSIDE),
        "one to two": ("one", f"http://{address(box, 'two')}/"),
        "two resolves one": ("two", "http://one/"),
        "mute resolves two": ("mute", "http://two/"),
    }
    lines = [
        f"(timeout 3 docker exec {name} wget -qO- -T 2 {url} >/dev/null && echo {way}) &"
        for way, (name, url) in asked.items()
    ]
    return set(box.run(["sh", "-c", "\n".join((*lines, "wait"))], check=False).stdout.splitlines())


def address(box: Box, name: str) -> str:
    """Its address on its only network."""
    return box.docker("inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", name).strip()


def test_several_faults_are_healed_under_running_containers(bare_box: Box) -> None:
    """Each is found where it is; one repair heals all that opens nothing, no process restarts, and the undo breaks each again."""
    box = bare_box
    box.start_dockerd()
    box.load_images()
    box.docker("network", "create", "mesh")
    for name, network in CONTAINERS:
        box.docker("run", "-d", "--name", name, "--net", network, "--stop-timeout", "1", "bb:1", *SERVER)
    before = pids(box)
    of = dict(zip((name for name, _ in CONTAINERS), before, strict=True))
    assert len(traffic(box)) == WAYS
    assert box.doctor("scan", "--select", "network,dns").returncode == 0
    box.run(["ip", "addr", "add", f"{address(box, 'plain')}/32", "dev", "docker0"])
    inside(box, of["lost"], "ip", "route", "del", "default")
    for name in ("one", "two"):
        box.run(["bridge", "link", "set", "dev", outer(box, of[name]), "isolated", "on"])
    inside(box, of["two"], "ip", "link", "set", "lo", "down")
    inside(box, of["mute"], "iptables", "-t", "nat", "-F")
    assert traffic(box) == set()
    report = box.doctor("scan", "--select", "network,dns", "--format", "json").stdout
    assert {(one["id"], one["subject"]["name"]) for one in findings(report) if one["severity"] != "info"} == FOUND
    done = box.doctor("fix", "--apply", "--yes")
    assert done.returncode == 1, done.stdout + done.stderr
    assert traffic(box) == {"plain to outside", "lost to outside", "mute resolves two"}
    assert pids(box) == before
    # Ports that are closed to each other are opened by an answer alone.
    answer = ("--choose", "network/bridge-port-isolated:mesh=join")
    assert " ".join(answer) in " ".join(done.stdout.split())
    assert box.doctor("fix", "--apply", "--yes", "--allow", "disruptive", *answer).returncode == 0
    assert len(traffic(box)) == WAYS
    assert box.doctor("scan", "--select", "network,dns").returncode == 0
    for left in (WAYS - 2, 0):
        assert box.doctor("undo", "--yes").returncode == 0
        assert len(traffic(box)) == left


def findings(report: str) -> list[dict[str, Any]]:
    """The findings of a report."""
    found: list[dict[str, Any]] = json.loads(report)["findings"]
    return found
