"""Odd hosts on which containers work: no problem is found, and test containers prove it."""

import json

import pytest

from tests.hosts.box import Box
from tests.hosts.images import base_tar

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]


def _start(box: Box, **settings: object) -> None:
    box.write("/etc/docker/daemon.json", json.dumps({key.replace("_", "-"): value for key, value in settings.items()}))
    box.start_dockerd()
    box.docker("import", "--change", 'CMD ["sh"]', "-", "bb:1", input=base_tar())


def _assert_healthy(box: Box) -> None:
    assert box.docker("run", "--rm", "bb:1", "echo", "works") == "works"
    done = box.doctor("scan", "--probe")
    assert done.returncode == 0, done.stdout
    assert "UNPROVEN" not in done.stdout, done.stdout


def test_a_macvlan_network_and_an_idle_data_root_on_a_disk_of_its_own(bare_box: Box) -> None:
    """Their drivers' records are no corruption, and the engine itself shows that the disk takes layers."""
    box = bare_box
    box.run(["mkdir", "-p", "/srv/docker"])
    box.run(["mount", "-t", "tmpfs", "disk", "/srv/docker"])
    _start(box, data_root="/srv/docker")
    box.docker("network", "create", "-d", "macvlan", "-o", "parent=eth0", "--subnet", "203.0.113.0/24", "lan")
    _assert_healthy(box)
    box.docker("run", "-d", "--network", "lan", "--name", "inside", "bb:1", "sleep", "999")
    _assert_healthy(box)
    box.power_loss()
    box.start_dockerd()
    assert "lan" in box.docker("network", "ls", "--format", "{{.Name}}").split()


def test_images_in_containerds_store(bare_box: Box) -> None:
    """No image of overlay2 is there to be mounted, and none is missing."""
    _start(bare_box, features={"containerd-snapshotter": True})
    _assert_healthy(bare_box)


def test_an_isolated_host_without_name_servers(bare_box: Box) -> None:
    """It has no way to the outside that could be proven or be missing."""
    _start(bare_box)
    bare_box.run(["ip", "route", "delete", "default"])
    bare_box.write("/etc/resolv.conf", "")
    _assert_healthy(bare_box)
