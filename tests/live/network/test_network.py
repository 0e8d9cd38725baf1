"""Bridges and veths broken on a running host with containers: repaired under them, no container restarts, undo breaks them again."""

import json
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from tests.hosts import judge
from tests.hosts.box import Box

pytestmark = pytest.mark.live


def mesh(box: Box) -> str:
    """The bridge of the patient's network ``mesh``."""
    return "br-" + box.docker("network", "inspect", "-f", "{{.Id}}", "mesh")[:12]


def veth_of(box: Box, container: str) -> str:
    """The host's end of a container's interface."""
    index = box.docker("exec", container, "cat", "/sys/class/net/eth0/iflink")
    links = json.loads(box.run(["ip", "-j", "link"]).stdout)
    return next(str(link["ifname"]) for link in links if link["ifindex"] == int(index))


def ids(box: Box) -> list[str]:
    """Ids of the network's findings that are more than a remark."""
    found = json.loads(box.doctor("scan", "--select", "network", "--format", "json").stdout)["findings"]
    return sorted({finding["id"] for finding in found if finding["severity"] != "info"})


def traffic(box: Box) -> dict[str, object]:
    """Return what works: egress of every container, and both published ports from outside."""
    return {"egress": judge.egress(box), "ports": judge.ports(box)}


def started(box: Box) -> list[str]:
    """When the running containers were started: a repair under them changes none of it."""
    names = ("web", "plain")
    return [box.docker("inspect", "-f", "{{.State.StartedAt}} {{.State.Pid}}", name) for name in names]


def bridges(box: Box) -> list[object]:
    """Return the bridges: MAC address, MTU, whether they are up, and each address that somebody gave them, in order."""
    found = []
    for link in json.loads(box.run(["ip", "-j", "-d", "addr"]).stdout):
        if (link.get("linkinfo") or {}).get("info_kind") == "bridge":
            given = [one for one in link["addr_info"] if one["scope"] == "global"]
            found.append([link["ifname"], link["address"], link["mtu"], "UP" in link["flags"], given])
    return sorted(found)


def down(box: Box) -> None:
    """Somebody ran ``ip link set docker0 down``."""
    box.run(["ip", "link", "set", "docker0", "down"])


def flushed(box: Box) -> None:
    """A script flushed the addresses of the bridge."""
    box.run(["ip", "addr", "flush", "dev", mesh(box)])


def readdressed(box: Box) -> None:
    """The bridge was given addresses of other ranges: the second goes with the first one, the third has a name."""
    box.run(["ip", "addr", "flush", "dev", "docker0"])
    box.run(["ip", "addr", "add", "192.168.77.1/24", "brd", "+", "dev", "docker0"])
    box.run(["ip", "addr", "add", "192.168.77.2/24", "dev", "docker0"])
    box.run(["ip", "addr", "add", "192.168.78.1/24", "dev", "docker0", "label", "docker0:x"])


def detached(box: Box) -> None:
    """A network manager took a container's interface out of its bridge."""
    box.run(["ip", "link", "set", veth_of(box, "web"), "nomaster"])


def veth_down(box: Box) -> None:
    """The host's end of a container's interface was set down."""
    box.run(["ip", "link", "set", veth_of(box, "plain"), "down"])


def deleted(box: Box) -> None:
    """The bridge was deleted under its containers."""
    box.run(["ip", "link", "delete", mesh(box)])


def unrouted(box: Box) -> None:
    """A VPN client deleted the connected routes of both bridges."""
    box.run(["ip", "route", "del", "172.17.0.0/16"])
    box.run(["ip", "route", "del", "172.31.0.0/24"])


def left_over(box: Box) -> None:
    """A left-over bridge holds the subnet of ``mesh``, and its route comes first."""
    bridge = mesh(box)
    box.run(["ip", "link", "add", "br-feedfacecafe", "address", "02:42:aa:bb:cc:dd", "mtu", "1400", "type", "bridge"])
    box.run(["ip", "addr", "add", "172.31.0.1/24", "brd", "+", "dev", "br-feedfacecafe"])
    box.run(["ip", "addr", "add", "fd00:31::1/64", "dev", "br-feedfacecafe", "nodad"])
    box.run(["ip", "link", "set", "br-feedfacecafe", "up"])
    # A route that is added again goes behind those of the same prefix.
    box.run(["ip", "route", "del", "172.31.0.0/24", "dev", bridge])
    box.run(
        [
            "ip",
            "route",
            "append",
            "172.31.0.0/24",
            "dev",
            bridge,
            "proto",
            "kernel",
            "scope",
            "link",
            "src",
            "172.31.0.1",
        ]
    )


FAULTS: list[tuple[Callable[[Box], None], str, str]] = [
    (down, "network/docker0-down", "safe"),
    (flushed, "network/docker0-no-address", "safe"),
    (readdressed, "network/docker0-wrong-address", "safe"),
    (detached, "network/veth-detached", "safe"),
    (veth_down, "network/veth-down", "safe"),
    (deleted, "network/docker0-missing", "disruptive"),
    (left_over, "network/bridge-stale-same-subnet", "safe"),
    (unrouted, "network/bridge-route-missing", "safe"),
]


@pytest.mark.parametrize(("break_it", "identity", "allow"), [pytest.param(*row, id=row[1]) for row in FAULTS])
def test_a_link_is_repaired_under_running_containers(
    patient_box: Box, break_it: Callable[[Box], None], identity: str, allow: str
) -> None:
    """Traffic stops, one finding says why, the repair restores it without a restart, undo breaks it again."""
    box = patient_box
    healthy, lives = traffic(box), started(box)
    assert ids(box) == []
    break_it(box)
    assert traffic(box) != healthy
    assert identity in ids(box)
    broken = bridges(box)

    fix = box.doctor("fix", identity, "--apply", "--yes", "--allow", allow)
    print(fix.stdout, fix.stderr)
    assert fix.returncode == 0
    assert ids(box) == []
    assert traffic(box) == healthy
    assert started(box) == lives

    undo = box.doctor("undo", "--yes")
    assert undo.returncode == 0, undo.stdout + undo.stderr
    assert identity in ids(box)
    assert bridges(box) == broken


_SERVER = "import socket, time; s = socket.create_server(('', 22)); c = s.accept(); time.sleep(60)"
_CLIENT = (
    "import socket, time; s = socket.create_connection(('198.51.100.1', 22), 5, ('172.31.0.77', 0)); time.sleep(60)"
)


def test_what_moves_somebodys_session_needs_a_word(patient_box: Box) -> None:
    """He is logged in from a network that has the addresses of ``mesh``: its missing route, added again, would cut him off."""
    box = patient_box
    route = box.run(["ip", "-o", "route", "show", "172.31.0.0/24"]).stdout.split()
    box.run(["ip", "route", "del", "172.31.0.0/24"])
    box.outside(["ip", "addr", "add", "172.31.0.77/32", "dev", "lo"])
    box.run(["sh", "-c", f'timeout 60 python3 -c "{_SERVER}" >/dev/null 2>&1 & sleep 0.5'])
    with subprocess.Popen(["nsenter", "-t", str(box.outside_pid), "-n", sys.executable, "-c", _CLIENT]) as client:
        try:
            for _ in range(50):
                if "172.31.0.77" in box.run(["ss", "-Htn", "state", "established"]).stdout:
                    break
                time.sleep(0.1)
            plan = box.doctor("fix", "network/bridge-route-missing")
            words = " ".join(plan.stdout.split())
            assert "it changes the way of the session from 172.31.0.77 to 198.51.100.1 port 22" in words
            assert "repairs none of the problems without --allow disruptive" in words
            allowed = box.doctor("fix", "network/bridge-route-missing", "--allow", "disruptive")
            assert "the way of the session from 172.31.0.77 to 198.51.100.1 port 22 changes" in " ".join(
                allowed.stdout.split()
            ), allowed.stdout
        finally:
            client.kill()
    assert "1 action" in box.doctor("fix", "network/bridge-route-missing").stdout
    box.run(["ip", "route", "add", *route])
