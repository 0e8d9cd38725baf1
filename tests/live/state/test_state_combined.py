"""Two things broken at once, of which repairing one alone loses the other; a real dockerd judges."""

import json
import shutil
from pathlib import Path

import pytest

from tests.hosts import damage, judge, places
from tests.hosts.box import Box
from tests.hosts.patient import ADDRESS, NETWORK
from tests.live.repair import repair_kit as kit
from tests.live.state.state_kit import problems, revive

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]


def image_directory(box: Box) -> Path:
    """The directory of the top layer of the image that a container stands on."""
    return places.below(box.data_root, places.init_layer(box.data_root, "job"), 0)


def test_a_name_outlives_the_damaged_config_of_its_image(dead_box: Box, healthy: judge.Opinion) -> None:
    """The list of names is empty and the image that a container names has a flipped bit: neither is dropped for the other."""
    box = dead_box
    damage.flip(places.image_config(box.data_root, "app:latest"), 100, bit=1)
    damage.empty(box.data_root / places.STORE / "repositories.json")
    assert {"repositories-json-corrupt", "image-content-corrupt"} <= problems(box)
    revive(box)
    assert judge.images(box)["app:latest"] == healthy.images["app:latest"]
    assert judge.markers(box) == healthy.markers


def test_what_was_made_on_an_empty_link_is_repaired_too(dead_box: Box, healthy: judge.Opinion) -> None:
    """The engine ran, and a container and an image were made whose lists lack a layer: all lists are computed again."""
    box = dead_box
    damage.empty(image_directory(box) / "link")
    box.start_dockerd()
    box.docker("create", "--name", "meanwhile", "app:latest", "true")
    box.docker("commit", "job", "meanwhile:1")
    box.power_loss()
    assert {"overlay2-link-broken", "overlay2-lower-wrong"} <= problems(box)
    revive(box)
    assert problems(box) == set()
    assert box.run(["docker", "start", "-a", "meanwhile"]).returncode == 0
    assert box.docker("run", "--rm", "--network", "none", "meanwhile:1", "cat", "/marker") == "job"
    assert judge.contents(box).items() >= healthy.contents.items()


def test_a_half_removed_record_costs_nothing_at_the_next_clean_stop(dead_box: Box, healthy: judge.Opinion) -> None:
    """The engine deletes the directory that a half-removed record names when it stops: the layer is still there afterwards."""
    box = dead_box
    victim = next(record for record in places.records(box.data_root) if (record / "parent").exists())
    shutil.copytree(victim, victim.with_name(f"{victim.name}-1234567-removing"))
    assert problems(box) == {"layerdb-removing-shared"}
    revive(box)
    box.stop_dockerd()
    box.start_dockerd()
    assert judge.differences(healthy, judge.opinion(box)) == []


def test_a_restored_container_takes_nothing_from_another(dead_box: Box, healthy: judge.Opinion) -> None:
    """A container vanished, another got its name, port and address: that one is kept, and the restored one keeps its files."""
    box = dead_box
    assert box.doctor("scan").returncode in {0, 1}
    config = places.container(box.data_root, "web") / places.CONFIG
    damage.empty(config)
    box.start_dockerd()
    network = ("--network", NETWORK, "--ip", ADDRESS, "-p", "8080:80", "--restart", "always", "--stop-timeout", "1")
    serve = ("com:1", "httpd", "-f", "-p", "80", "-h", "/www")
    taken = box.docker("run", "-d", *network, "--name", "web", *serve)
    answer = judge.ports(box)["8080"]
    box.power_loss()
    assert problems(box) == {"container-config-corrupt"}
    revive(box)
    listed = box.docker("ps", "-a", "--no-trunc", "--format", "{{.ID}} {{.Names}} {{.State}}").splitlines()
    assert len(listed) == len(healthy.containers) + 1
    restored = config.parent.name
    assert {f"{taken} web running", f"{restored} web-{restored[:12]} exited"} <= set(listed)
    assert judge.ports(box)["8080"] == answer
    copied = box.run(["sh", "-c", 'docker cp "$0:/marker" - | tar -xOf -', restored]).stdout
    assert copied == "web\n"
    assert problems(box) == set()


def with_late_network(box: Box) -> tuple[Path, bytes]:
    """Run a container in a network that the returned older content of the network database lacks, then cut the power."""
    box.start_dockerd()
    database = box.data_root / places.NETWORKS
    older = database.read_bytes()
    box.docker("network", "create", "--subnet", "172.40.0.0/24", "late")
    quick = ("--restart", "always", "--stop-timeout", "1")
    box.docker(
        "run", "-d", *quick, "--network", "late", "--ip", "172.40.0.9", "--name", "late", "bb:1", "sleep", "1000"
    )
    box.power_loss()
    return database, older


def test_a_network_that_an_older_database_lacks_is_restored(dead_box: Box) -> None:
    """The file is whole and wrong: its container would not start. Undo gives the older file back."""
    box = dead_box
    database, older = with_late_network(box)
    database.write_bytes(older)
    assert problems(box) == {"network-missing"}
    box.doctor("fix", "state", "--apply", "--yes", "--allow", "disruptive")
    assert problems(box) == set()
    kit.undo(box)
    assert database.read_bytes() == older
    revive(box)
    assert judge.containers(box)["late"] == "running"
    address = '{{(index .NetworkSettings.Networks "late").IPAddress}}'
    assert box.docker("inspect", "-f", address, "late") == "172.40.0.9"
    assert {"late", "mesh"} <= judge.networks(box).keys()


def test_after_a_start_on_an_older_network_database_doctor_asks(dead_box: Box) -> None:
    """A failed start proves less than a running container: a person says whether the network was removed; a backup has it."""
    box = dead_box
    database, older = with_late_network(box)
    assert box.doctor("scan").returncode in {0, 1}
    database.write_bytes(older)
    box.start_dockerd()
    assert "network-missing" in problems(box)
    assert "--choose state/network-missing:late=back" in " ".join(box.doctor("fix").stdout.split())
    revive(box, "--choose", "state/network-missing:late=back")
    assert box.docker("start", "late") == "late"
    assert "late" in judge.networks(box)


def test_a_disk_of_volumes_that_came_late_is_named_and_nothing_merged(dead_box: Box, healthy: judge.Opinion) -> None:
    """The engine ran on the bare directory and a volume was recreated in it: it stays, and no start uses it."""
    box, volumes = dead_box, "/var/lib/docker/volumes"
    box.write("/etc/fstab", f"LABEL=volumes {volumes} ext4 defaults 0 2\n")
    (box.data_root / "volumes").rename(box.workdir / "disk")
    (box.data_root / "volumes").mkdir(mode=0o701)
    box.start_dockerd()
    box.docker("run", "--rm", "--network", "none", "-v", "data:/data", "bb:1", "sh", "-c", "echo new >/data/file")
    box.power_loss()
    seen = json.loads(box.doctor("scan", "--select", "storage", "--format", "json").stdout)["findings"]
    assert [(one["id"], one["subject"]["name"]) for one in seen] == [("storage/data-root-not-mounted", volumes)]
    done = box.doctor("fix", "--apply", "--yes", "--allow", "disruptive")
    assert f"{volumes} is not mounted" in " ".join(done.stdout.split())
    assert not box.engine_answers()
    assert (box.data_root / "volumes/data/_data/file").read_text() == "new\n"
    (box.data_root / "volumes").rename(box.workdir / "meanwhile")
    (box.workdir / "disk").rename(box.data_root / "volumes")
    box.write("/etc/fstab", "")
    revive(box)
    assert judge.volumes(box) == healthy.volumes


def test_a_dockerd_of_other_mounts_does_not_keep_this_one_down(dead_box: Box) -> None:
    """The pid file names a living dockerd which holds another data root: the locks show that, and it continues to run."""
    box = dead_box
    other = (
        "--data-root /tmp/other/root --exec-root /tmp/other/run --pidfile /tmp/other/pid -H unix:///tmp/other/socket"
    )
    script = f"mount -t tmpfs run /run; exec dockerd {other} --bridge none --iptables=false"
    pid = box.start(["unshare", "-m", "sh", "-c", script])
    box.run(["sh", "-c", "until [ -S /tmp/other/socket ]; do sleep 0.1; done"])
    box.write("/run/docker.pid", str(pid))
    assert problems(box) == {"pidfile-foreign"}
    revive(box)
    assert pid in box.pids("dockerd")


def test_a_root_copied_without_attributes(dead_box: Box, healthy: judge.Opinion) -> None:
    """Image layers get what their headers say; no record has what containers lost: that stays a finding, and they are untouched."""
    box = dead_box
    mount = places.writable(box.data_root, "job") / "diff"
    for layer in (box.data_root / "overlay2").glob("*/diff"):
        damage.copy_plainly(layer)
    before = judge.tree_hash(mount)
    assert problems(box) == {"data-root-copied", "container-layer-copied"}, "a plain scan sees it"
    assert problems(box, "--deep") == {"data-root-copied", "container-layer-copied", "layer-metadata-lost"}
    done = revive(box, "--deep", codes={1})
    assert "the writable layer of container job was copied without its attributes" in " ".join(done.split())
    assert judge.tree_hash(mount) == before
    assert problems(box, "--deep") == {"container-layer-copied"}
    assert judge.contents(box) == healthy.contents
    assert box.run(["sh", "-c", "docker cp -L job:/t/link - | tar -t"]).returncode == 0
