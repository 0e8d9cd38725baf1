"""Work with a repaired engine is not lost by the undo of the repair: the judge is the engine itself."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hosts import faults
from tests.hosts.box import Box
from tests.hosts.patient import patient
from tests.live.repair import repair_kit as kit

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]


@pytest.fixture
def dead(can_box: None) -> Iterator[Box]:
    """A box with the patient and a dead engine."""
    with Box(data_root=patient()) as made:
        made.start_dockerd()
        made.power_loss()
        yield made


def names(box: Box) -> set[str]:
    """Return the list of `docker images`."""
    return set(box.docker("images", "--format", "{{.Repository}}:{{.Tag}}").split())


def networks(box: Box) -> set[str]:
    """The engine's networks."""
    return set(box.docker("network", "ls", "--format", "{{.Name}}").split())


def test_names_of_images_given_later(dead: Box) -> None:
    """A bit of a name had flipped. A name given after the repair is named by the undo, and survives its --force."""
    box = dead
    path = box.workdir / "docker/image/overlay2/repositories.json"
    broken = path.read_bytes().replace(b'"bk:1"', b'"bkz1"')
    path.write_bytes(broken)
    kit.repair(box)
    assert "bk:1" in names(box)
    box.docker("tag", "bk:1", "later:1")
    refused = kit.undo(box, code=5)
    assert "the name later:1" in refused.stderr
    assert {"bk:1", "later:1"} <= names(box)
    kit.undo(box, "--force")
    box.stop_dockerd()
    lists = json.loads(path.read_bytes())["Repositories"]
    assert "later:1" in lists.pop("later")
    assert lists == json.loads(broken)["Repositories"]
    assert box.run(["find", "/var/lib/docker", "-name", ".doctor*"]).stdout == ""


def test_a_network_made_later(dead: Box) -> None:
    """The database was corrupt and rebuilt: it can't be merged with what it was, so the new network is named and kept aside."""
    box = dead
    faults.inject(box, "state/network-db-torn", seed=3)
    kit.repair(box)
    box.docker("network", "create", "later")
    refused = kit.undo(box, code=5)
    assert "network later" in refused.stderr
    assert "later" in networks(box)
    box.docker("network", "rm", "later")
    kit.undo(box)
    assert box.run(["find", "/var/lib/docker", "-name", ".doctor*"]).stdout == ""


def test_settings_of_containers_changed_later(dead: Box) -> None:
    """Both files of a container were corrupt, and were restored from the backup. Later settings of `docker update` and others are named; a restart is not."""
    box = dead
    box.start_dockerd()
    assert box.doctor("scan").returncode == 0
    box.power_loss()
    identity = next(path.name for path in box.data_root.glob("containers/*") if b'"/web"' in config(path))
    for name in ("config.v2.json", "hostconfig.json"):
        path = box.data_root / "containers" / identity / name
        path.write_bytes(path.read_bytes()[:100])
    kit.repair(box)
    box.docker("restart", "-t", "0", "web")
    kit.undo(box)
    kit.repair(box)
    box.docker("update", "--memory", "64m", "--memory-swap", "64m", "--restart", "on-failure:3", "web")
    box.docker("rename", "web", "renamed")
    box.docker("network", "create", "later")
    box.docker("network", "connect", "later", "renamed")
    refused = kit.undo(box, code=5)
    words = ("the name renamed", "the memory limit", "the swap limit", "the restart policy", "the networks")
    for said in (f"{word} of container renamed" for word in words):
        assert said in refused.stderr
    assert "CPU" not in refused.stderr
    assert box.docker("inspect", "-f", "{{.HostConfig.Memory}}", "renamed") == str(64 << 20)


def config(path: Path) -> bytes:
    """A container's settings."""
    return (path / "config.v2.json").read_bytes()
