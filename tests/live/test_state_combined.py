"""Two things broken at once, of which mending one alone loses the other; a real dockerd judges."""

import json
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hosts import judge
from tests.hosts.box import INIT_SCRIPT, Box
from tests.hosts.patient import ADDRESS, NETWORK, patient

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

STORE = "image/overlay2"


@pytest.fixture(scope="module")
def healthy(can_box: None) -> judge.Opinion:
    """What dockerd says of the patient after a power loss and nothing else."""
    with Box(data_root=patient()) as box:
        box.start_dockerd()
        return judge.opinion(box)


@pytest.fixture
def dead_box(can_box: None) -> Iterator[Box]:
    """A box with the patient as a power loss left it, and no earlier scan."""
    with Box(data_root=patient()) as made:
        made.write("/etc/init.d/docker", INIT_SCRIPT, mode=0o755)
        yield made


def root(box: Box) -> Path:
    return box.workdir / "docker"


def findings(box: Box) -> set[str]:
    found = json.loads(box.doctor("scan", "--select", "state", "--format", "json").stdout)["findings"]
    return {finding["id"].removeprefix("state/") for finding in found if finding["severity"] != "info"}


def repair(box: Box, *more: str) -> str:
    """Repair all, which starts the engine too."""
    done = box.doctor("fix", "--apply", "--yes", "--allow", "disruptive", *more)
    print(done.stdout, done.stderr)
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    assert box.engine_answers()
    return done.stdout


def record_of(box: Box, name: str) -> Path:
    """The mount record of a container."""
    for config in root(box).glob("containers/*/config.v2.json"):
        if json.loads(config.read_text())["Name"] == f"/{name}":
            return root(box) / STORE / "layerdb/mounts" / config.parent.name
    raise LookupError(name)


def image_directory(box: Box) -> Path:
    """The directory of the top layer of the image that a container stands on."""
    mount = root(box) / "overlay2" / (record_of(box, "job") / "init-id").read_text()
    return (root(box) / "overlay2" / (mount / "lower").read_text().partition(":")[0]).resolve().parent


def test_a_name_outlives_the_damaged_config_of_its_image(dead_box: Box, healthy: judge.Opinion) -> None:
    """The list of names is empty and the image that a container names has a flipped bit: neither is dropped for the other."""
    box, tags = dead_box, root(dead_box) / STORE / "repositories.json"
    image = json.loads(tags.read_text())["Repositories"]["app"]["app:latest"].removeprefix("sha256:")
    config = root(box) / STORE / "imagedb/content/sha256" / image
    data = bytearray(config.read_bytes())
    data[100] ^= 1
    config.write_bytes(data)
    tags.write_bytes(b"")
    assert {"repositories-json-corrupt", "image-content-corrupt"} <= findings(box)
    repair(box)
    assert judge.images(box)["app:latest"] == healthy.images["app:latest"]
    assert judge.markers(box) == healthy.markers


def test_what_was_made_on_an_empty_link_is_mended_too(dead_box: Box, healthy: judge.Opinion) -> None:
    """The engine ran, and a container and an image were made whose lists lack a layer: all lists are computed again."""
    box = dead_box
    (image_directory(box) / "link").write_bytes(b"")
    box.start_dockerd()
    box.docker("create", "--name", "meanwhile", "app:latest", "true")
    box.docker("commit", "job", "meanwhile:1")
    box.power_loss()
    assert {"overlay2-link-broken", "overlay2-lower-wrong"} <= findings(box)
    repair(box)
    assert findings(box) == set()
    assert box.run(["docker", "start", "-a", "meanwhile"]).returncode == 0
    assert box.docker("run", "--rm", "--network", "none", "meanwhile:1", "cat", "/marker") == "job"
    assert judge.contents(box).items() >= healthy.contents.items()


def test_a_half_removed_record_costs_nothing_at_the_next_clean_stop(dead_box: Box, healthy: judge.Opinion) -> None:
    """The engine deletes the directory that a half-removed record names when it stops: the layer is still there afterwards."""
    box, records = dead_box, root(dead_box) / STORE / "layerdb/sha256"
    victim = next(one for one in sorted(records.iterdir()) if (one / "parent").exists())
    box.run(
        [
            "cp",
            "-a",
            f"/var/lib/docker/{STORE}/layerdb/sha256/{victim.name}",
            f"/var/lib/docker/{STORE}/layerdb/sha256/{victim.name}-1234567-removing",
        ]
    )
    assert findings(box) == {"layerdb-removing-shared"}
    repair(box)
    box.stop_dockerd()
    box.start_dockerd()
    assert judge.differences(healthy, judge.opinion(box)) == []


def test_a_restored_container_takes_nothing_from_another(dead_box: Box, healthy: judge.Opinion) -> None:
    """A container vanished, another got its name, port and address: that one goes on, and the restored one keeps its files."""
    box = dead_box
    assert box.doctor("scan").returncode in {0, 1}
    config = root(box) / "containers" / record_of(box, "web").name / "config.v2.json"
    config.write_bytes(b"")
    box.start_dockerd()
    network = ("--network", NETWORK, "--ip", ADDRESS, "-p", "8080:80", "--restart", "always", "--stop-timeout", "1")
    serve = ("com:1", "httpd", "-f", "-p", "80", "-h", "/www")
    taken = box.docker("run", "-d", *network, "--name", "web", *serve)
    answer = judge.ports(box)["8080"]
    box.power_loss()
    assert findings(box) == {"container-config-corrupt"}
    repair(box)
    listed = box.docker("ps", "-a", "--no-trunc", "--format", "{{.ID}} {{.Names}} {{.State}}").splitlines()
    assert len(listed) == len(healthy.containers) + 1
    restored = config.parent.name
    assert {f"{taken} web running", f"{restored} web-{restored[:12]} exited"} <= set(listed)
    assert judge.ports(box)["8080"] == answer
    copied = box.run(["sh", "-c", 'docker cp "$0:/marker" - | tar -xOf -', restored]).stdout
    assert copied == "web\n"
    assert findings(box) == set()


def with_late_network(box: Box) -> tuple[Path, bytes]:
    """Run a container in a network that the returned older content of the network database lacks, then cut the power."""
    box.start_dockerd()
    database = root(box) / "network/files/local-kv.db"
    older = database.read_bytes()
    box.docker("network", "create", "--subnet", "172.40.0.0/24", "late")
    quick = ("--restart", "always", "--stop-timeout", "1")
    box.docker(
        "run", "-d", *quick, "--network", "late", "--ip", "172.40.0.9", "--name", "late", "bb:1", "sleep", "1000"
    )
    box.power_loss()
    return database, older


def test_a_network_that_an_older_database_lacks_comes_back(dead_box: Box) -> None:
    """The file is whole and wrong: its container would not start. Undo gives the older file back."""
    box = dead_box
    database, older = with_late_network(box)
    database.write_bytes(older)
    assert findings(box) == {"network-missing"}
    box.doctor("fix", "state", "--apply", "--yes", "--allow", "disruptive")
    assert findings(box) == set()
    undone = box.doctor("undo", "--yes")
    assert undone.returncode == 0, undone.stdout + undone.stderr
    assert database.read_bytes() == older
    repair(box)
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
    assert "network-missing" in findings(box)
    assert "--choose state/network-missing:late=back" in " ".join(box.doctor("fix").stdout.split())
    repair(box, "--choose", "state/network-missing:late=back")
    assert box.docker("start", "late") == "late"
    assert "late" in judge.networks(box)


def test_a_disk_of_volumes_that_came_late_is_named_and_nothing_merged(dead_box: Box, healthy: judge.Opinion) -> None:
    """The engine ran on the bare directory and a volume was made anew in it: it stays, and no start goes on with it."""
    box, volumes = dead_box, "/var/lib/docker/volumes"
    box.write("/etc/fstab", f"LABEL=volumes {volumes} ext4 defaults 0 2\n")
    (root(box) / "volumes").rename(box.workdir / "disk")
    (root(box) / "volumes").mkdir(mode=0o701)
    box.start_dockerd()
    box.docker("run", "--rm", "--network", "none", "-v", "data:/data", "bb:1", "sh", "-c", "echo new >/data/file")
    box.power_loss()
    seen = json.loads(box.doctor("scan", "--select", "storage", "--format", "json").stdout)["findings"]
    assert [(one["id"], one["subject"]["name"]) for one in seen] == [("storage/data-root-not-mounted", volumes)]
    done = box.doctor("fix", "--apply", "--yes", "--allow", "disruptive")
    assert f"{volumes} is not mounted" in " ".join(done.stdout.split())
    assert not box.engine_answers()
    assert (root(box) / "volumes/data/_data/file").read_text() == "new\n"
    (root(box) / "volumes").rename(box.workdir / "meanwhile")
    (box.workdir / "disk").rename(root(box) / "volumes")
    box.write("/etc/fstab", "")
    repair(box)
    assert judge.volumes(box) == healthy.volumes


def test_a_dockerd_of_other_mounts_does_not_keep_this_one_down(dead_box: Box) -> None:
    """The pid file names a living dockerd which holds another data root: the locks tell, and it goes on running."""
    box = dead_box
    other = (
        "--data-root /tmp/other/root --exec-root /tmp/other/run --pidfile /tmp/other/pid -H unix:///tmp/other/socket"
    )
    script = f"mount -t tmpfs run /run; exec dockerd {other} --bridge none --iptables=false"
    pid = box.start(["unshare", "-m", "sh", "-c", script])
    box.run(["sh", "-c", "until [ -S /tmp/other/socket ]; do sleep 0.1; done"])
    box.write("/run/docker.pid", str(pid))
    assert findings(box) == {"pidfile-foreign"}
    repair(box)
    assert pid in box.pids("dockerd")


def test_a_root_copied_without_attributes(dead_box: Box, healthy: judge.Opinion) -> None:
    """Image layers get what their headers say; what containers deleted is told by nothing: it is named, and they are untouched."""
    box = dead_box
    mount = root(box) / "overlay2" / (record_of(box, "job") / "mount-id").read_text() / "diff"
    for layer in (root(box) / "overlay2").glob("*/diff"):
        copy_plainly(layer)
    before = judge.tree_hash(mount)
    found = json.loads(box.doctor("scan", "--select", "state", "--deep", "--format", "json").stdout)["findings"]
    assert {one["id"] for one in found} == {"state/layer-metadata-lost"}
    told = [one["source"] for finding in found for one in finding["evidence"] if "writable layer" in one["source"]]
    assert any("job" in source for source in told)
    repair(box, "--deep")
    assert judge.tree_hash(mount) == before
    assert judge.contents(box) == healthy.contents
    assert box.run(["sh", "-c", "docker cp -L job:/t/link - | tar -t"]).returncode == 0


def copy_plainly(top: Path) -> None:
    """Leave what ``cp`` or ``rsync -r`` would: no owners, devices, extended attributes and hard links."""
    for directory, names, files in os.walk(top):
        for path in [Path(directory), *(Path(directory, name) for name in [*names, *files])]:
            about = path.lstat()
            if stat.S_ISCHR(about.st_mode):
                path.unlink()
                continue
            if stat.S_ISREG(about.st_mode) and about.st_nlink > 1:
                shutil.copy2(path, f"{path}.copy")
                os.rename(f"{path}.copy", path)
            for name in os.listxattr(path, follow_symlinks=False):
                os.removexattr(path, name, follow_symlinks=False)
            os.lchown(path, 0, 0)
