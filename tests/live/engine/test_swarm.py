"""A swarm node whose engine does not start because of live-restore, and two nodes with something between them."""

import json
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.hosts.box import Box
from tests.hosts.sandbox import SandboxError

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]
DROPPED, HELD, MTU = "swarm-port-dropped", "vxlan-port-in-use", "overlay-mtu-too-big"


def test_live_restore_on_a_swarm_node_is_removed(bare_box: Box) -> None:
    """Dockerd refuses to start; after the repair the node is a manager again, and its service is there."""
    box = bare_box
    box.start_dockerd(settings=True)
    box.run(["docker", "swarm", "init", "--advertise-addr", "198.51.100.1"])
    box.run(["docker", "service", "create", "-d", "--name", "s1", "--replicas", "0", "bb:1"])
    box.write("/etc/docker/daemon.json", '{"live-restore": true}\n')
    box.stop_dockerd()
    with pytest.raises(SandboxError, match="incompatible with swarm mode"):
        box.start_dockerd(settings=True)
    assert "live-restore is on, and this host is a swarm node" in " ".join(box.doctor("scan").stdout.split())
    healed = box.doctor("fix", "--apply", "--yes")
    assert healed.returncode in {0, 1}, healed.stdout
    assert box.read("/etc/docker/daemon.json") == "{}\n"
    assert "s1" in box.run(["docker", "service", "ls"]).stdout
    assert "state/swarm" not in box.doctor("scan", "--select", "state").stdout


@pytest.fixture
def swarm(bare_box: Box) -> Iterator[tuple[Box, Box]]:
    """A manager and a worker on one wire, with a container each in the overlay network ``ov``."""
    first = bare_box
    with Box() as second:
        for box in (first, second):
            box.start_dockerd()
            box.run(["sh", "-c", "tar -C / -c bin/busybox | docker import - bb:1"])
        for box, name, address in ((first, "swa", "10.9.0.1/24"), (second, "swb", "10.9.0.2/24")):
            if box is first:
                wire = ["ip", "link", "add", "swa", "netns", str(first.pid), "type", "veth", "peer", "name", "swb"]
                subprocess.run([*wire, "netns", str(second.pid)], check=True)
            box.run(["ip", "addr", "add", address, "dev", name])
            box.run(["ip", "link", "set", name, "up"])
        first.run(["docker", "swarm", "init", "--advertise-addr", "10.9.0.1"])
        token = first.run(["docker", "swarm", "join-token", "-q", "worker"]).stdout.strip()
        second.run(["docker", "swarm", "join", "--token", token, "10.9.0.1:2377"])
        first.run(["docker", "network", "create", "-d", "overlay", "--attachable", "ov"])
        for box, name in ((first, "left"), (second, "right")):
            box.docker(
                "run",
                "-d",
                "--network",
                "ov",
                "--stop-timeout",
                "1",
                "--name",
                name,
                "bb:1",
                "/bin/busybox",
                "sleep",
                "600",
            )
        yield first, second


def test_what_comes_between_two_nodes_is_found(swarm: tuple[Box, Box]) -> None:
    """Their containers are the judge: of a rule, of the commands that doctor gives against it, and of a port in use."""
    first, second = swarm
    assert any(_reaches(first) for _ in range(10))
    quiet = second.doctor("scan", "--select", "network").stdout
    assert "3 passed" in second.doctor("scan", "--select", f"network/{DROPPED},network/{HELD},network/{MTU}").stdout, (
        quiet
    )
    second.run(["iptables", "-A", "INPUT", "-p", "udp", "--dport", "4789", "-j", "DROP"])
    assert not _reaches(first)
    finding = _finding(second, DROPPED)
    assert "4789/udp of swarm node 10.9.0.1" in finding["message"]
    second.run(["sh", "-c", finding["fix"]["summary"].rpartition("; ")[0]])
    assert _reaches(first)
    assert DROPPED not in second.doctor("scan", "--select", "network").stdout

    second.stop_dockerd()
    second.run(["ip", "link", "add", "vxlan_sys_4789", "type", "vxlan", "external", "dstport", "4789"])
    second.run(["ip", "link", "set", "vxlan_sys_4789", "up"])
    second.start_dockerd()
    end = time.monotonic() + 20
    while "failed to set link up: address already in use" not in second.log():
        assert time.monotonic() < end, second.log()[-2000:]
        time.sleep(0.1)
    assert "interface vxlan_sys_4789" in _finding(second, HELD)["message"]


def _reaches(first: Box) -> bool:
    return (
        first.run(["docker", "exec", "left", "/bin/busybox", "ping", "-c1", "-W1", "right"], check=False).returncode
        == 0
    )


def _finding(box: Box, problem: str) -> dict[str, Any]:
    said = json.loads(box.doctor("scan", "--select", f"network/{problem}", "--format", "json").stdout)
    (finding,) = said["findings"]
    assert isinstance(finding, dict)
    return finding
