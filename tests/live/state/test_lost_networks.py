"""Losses with a corrupt network database: each container must start again, or is named; judged by a real dockerd."""

import json

import pytest

from tests.hosts.box import Box
from tests.live.repair import repair_kit as kit
from tests.live.state.state_kit import mend_state

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

DATABASE = "network/files/local-kv.db"
_RUN = ("run", "-d", "--stop-timeout", "1", "--network")
_SLEEP = ("bb:1", "sleep", "999")


def test_stopped_containers_on_user_networks_start_again(patient_box: Box) -> None:
    """Garbage over the database, all containers stopped: networks are restored with their ids, marked as assumed, and each starts.

    A macvlan network's parent is recorded nowhere else: it is named in plan and report, and the exit code is 1.
    """
    box = patient_box
    box.docker("network", "create", "--subnet", "10.77.0.0/24", "back")
    box.docker("network", "create", "auto")
    box.docker(*_RUN, "back", "--ip", "10.77.0.9", "--name", "fixed", *_SLEEP)
    box.docker(*_RUN, "auto", "--network-alias", "other", "--name", "loose", *_SLEEP)
    box.docker("create", "--network", "auto", "--name", "fresh", *_SLEEP)
    box.docker("network", "create", "-d", "macvlan", "-o", "parent=eth0", "--subnet", "198.51.100.0/24", "lan")
    box.docker(*_RUN, "lan", "--ip", "198.51.100.77", "--name", "inside", *_SLEEP)
    ids = {name: _network(box, name)["Id"] for name in ("back", "auto", "mesh")}
    subnet = _network(box, "auto")["IPAM"]["Config"][0]["Subnet"]
    box.docker("stop", "-t", "1", "fixed", "loose", "inside", "web", "plain")
    box.stop_dockerd()
    # A reboot: no bridge is left that would prove a subnet.
    box.run(["sh", "-c", "for link in $(ls /sys/class/net | grep ^br-); do ip link delete $link; done"])
    (box.data_root / DATABASE).write_bytes(b"garbage" * 1000)
    plan = box.doctor("fix", "state/network-db-corrupt").stdout
    print(plan)
    assert "assumed" in plan
    assert "without labels and options" in " ".join(plan.split())
    assert box.doctor("fix", "--apply", "--yes").returncode == 5, "more than safe"
    done = kit.repair(box, code=1)
    print(done.stdout)
    words = " ".join(done.stdout.split())
    assert "not restored: lan (its subnet is that of eth0" in words
    assert "docker network disconnect -f" in words
    assert {name: _network(box, name)["Id"] for name in ids} == ids
    assert _network(box, "auto")["IPAM"]["Config"][0]["Subnet"] == subnet
    for name in ("fixed", "loose", "fresh", "web", "plain"):
        box.docker("start", name)
    assert _address(box, "fixed", "back") == "10.77.0.9"
    assert "other" in box.docker("inspect", "-f", "{{.NetworkSettings.Networks.auto.Aliases}}", "loose")
    assert kit.ids(box, "--select", "containers,state") == {"containers/network-missing"}


def test_a_bridge_that_is_left_proves_its_network(patient_box: Box) -> None:
    """Dockerd died and the kernel still has the bridge: id and subnet are right, and nothing is assumed."""
    box = patient_box
    box.docker("network", "create", "--subnet", "10.78.0.0/20", "back")
    box.docker(*_RUN, "back", "--name", "loose", *_SLEEP)
    box.docker("stop", "-t", "1", "loose")
    box.stop_dockerd()
    (box.data_root / DATABASE).unlink()
    done = mend_state(box)
    print(done)
    assert "assumed" not in done
    box.start_dockerd()
    assert _network(box, "back")["IPAM"]["Config"][0]["Subnet"] == "10.78.0.0/20"
    box.docker("start", "loose")


def test_dangling_references_are_what_the_engine_refuses(patient_box: Box) -> None:
    """Each finding is a start that fails, and each container without one starts: networks, namespaces, runtimes, devices, mounts."""
    box = patient_box
    box.run(["sh", "-c", "mknod /dev/lost c 1 3; mknod /dev/there c 1 3; mkdir /srv/lost /srv/there"])
    made = {
        "lost-net": ("--network", "pruned"),
        "lost-pid": ("--pid", "container:web"),
        "lost-join": ("--network", "container:web"),
        "lost-device": ("--device", "/dev/lost"),
        "lost-mount": ("--mount", "type=bind,source=/srv/lost,target=/v"),
        "lost-runtime": ("--runtime", "other"),
        "has-net": ("--network", "mesh"),
        "has-device": ("--device", "/dev/there"),
        "has-mount": ("--mount", "type=bind,source=/srv/there,target=/v"),
        "has-bind": ("-v", "/srv/made-by-engine:/v"),
        "has-image": (),
    }
    box.stop_dockerd()
    box.start_dockerd("--add-runtime", "other=/usr/sbin/runc")
    box.docker("network", "create", "pruned")
    box.docker("tag", "bb:1", "gone:1")
    for name, options in made.items():
        box.docker("create", "--stop-timeout", "1", "--name", name, *options, "gone:1", "sleep", "999")
    box.docker("network", "rm", "pruned")
    box.docker("rm", "-f", "web")
    box.docker("rmi", "-f", "gone:1", "bb:1", check=False)
    box.run(["sh", "-c", "rm /dev/lost; rmdir /srv/lost"])
    box.stop_dockerd()
    box.start_dockerd()
    found = json.loads(box.doctor("scan", "--select", "containers", "--format", "json").stdout)["findings"]
    named = {name for name in made for finding in found if name in finding["message"]}
    failed = {name for name in made if box.run(["docker", "start", name], check=False).returncode}
    print(json.dumps([finding["message"] for finding in found], indent=1))
    assert named == failed == {name for name in made if name.startswith("lost-")}


def _network(box: Box, name: str) -> dict[str, dict[str, list[dict[str, str]]]]:
    found: dict[str, dict[str, list[dict[str, str]]]] = json.loads(box.docker("network", "inspect", name))[0]
    return found


def _address(box: Box, container: str, network: str) -> str:
    return box.docker("inspect", "-f", f"{{{{.NetworkSettings.Networks.{network}.IPAddress}}}}", container).strip()
