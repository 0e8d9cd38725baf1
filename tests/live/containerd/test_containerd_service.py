"""The image store of a containerd that is a service of its own: corrupt while both daemons run, repaired, judged, and undone."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.hosts import archive, damage, judge
from tests.hosts.box import Box
from tests.hosts.patient import populate
from tests.live.containerd import containerd_kit as store
from tests.live.containerd.containerd_kit import BLOBS, META, collect_garbage, parts
from tests.live.repair import repair_kit as kit
from tests.live.salvage import salvage_kit
from tests.live.state.state_kit import problems

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

SOCKET = "/run/containerd/containerd.sock"


class Roots(NamedTuple):
    """The tars of both data roots, and what dockerd says of them after a power loss and nothing else."""

    docker: Path
    containerd: Path
    healthy: judge.Opinion


def start(box: Box) -> None:
    """Start both by hand, as the unit of dockerd does, with the containerd to use."""
    box.start(["/usr/bin/containerd"], log="/var/log/containerd.log")
    deadline = time.monotonic() + 15
    while not box.exists(SOCKET) and time.monotonic() < deadline:
        time.sleep(0.05)
    box.start_dockerd(f"--containerd={SOCKET}")


def stop(box: Box) -> None:
    """End both."""
    box.stop_dockerd()
    box.run(["kill", *map(str, box.pids("containerd"))])
    while box.pids("containerd"):
        time.sleep(0.05)


@pytest.fixture(scope="module")
def roots(can_box: None, tmp_path_factory: pytest.TempPathFactory) -> Roots:
    """The patient in the store of a service, as a power loss left it."""
    top = tmp_path_factory.mktemp("service")
    docker, containerd = top / "docker.tar", top / "containerd.tar"
    with Box() as box:
        store.use(box)
        start(box)
        populate(box)
        box.power_loss()
        archive.pack(box.data_root, docker)
        archive.pack(box.workdir / "containerd", containerd)
        assert not store.of_engine(box).exists(), "the engine used its own containerd"
        start(box)
        return Roots(docker, containerd, judge.opinion(box))


@pytest.fixture
def dead_box(roots: Roots) -> Iterator[Box]:
    """A box with both roots: nothing has run since."""
    with Box(data_root=roots.docker) as box:
        archive.unpack(roots.containerd, box.workdir / "containerd")
        store.use(box)
        yield box


def fix(box: Box, *arguments: str) -> str:
    """Repair the state of a host; an engine that did not run is not started by it, which is reported with exit code 1."""
    code = 0 if box.pids("dockerd") else 1
    done = box.doctor("fix", "state", "--apply", "--yes", "--allow", "disruptive", *arguments)
    print(done.stdout)
    assert done.returncode == code, done.stdout + done.stderr
    assert "rolling the repair back" not in done.stderr
    return done.stdout


def test_damage_under_running_daemons(dead_box: Box, roots: Roots) -> None:
    """Doctor stops both before it writes, starts both again, and dockerd sees all as before; undo brings the damage back."""
    box = dead_box
    top = box.workdir / "containerd"
    start(box)
    assert problems(box, "--deep") == set()
    damaged = store.layer_with(top, "opt/raw") / "etc/passwd"
    whole = damaged.read_bytes()
    damaged.write_bytes(b"root::0:0::/:/bin/sh\n")
    assert problems(box, "--deep") == {"containerd-snapshot-altered"}
    refused = box.doctor("fix", "state", "--deep", "--apply", "--yes")
    assert "add --allow disruptive" in refused.stdout
    assert damaged.read_bytes() != whole
    pids = box.pids("containerd")
    said = fix(box, "--deep")
    assert "stop the engine and containerd" in said
    assert damaged.read_bytes() == whole
    assert box.pids("containerd") != pids
    assert not store.of_engine(box).exists(), "the engine started its own containerd"
    assert problems(box, "--deep") == set()
    assert judge.contents(box) == roots.healthy.contents
    assert judge.running(box) == ["plain", "web"]
    kit.undo(box)
    assert damaged.read_bytes() != whole
    assert box.engine_answers()
    assert len(box.pids("containerd")) == 1


def test_damaged_while_nothing_runs(dead_box: Box, roots: Roots) -> None:
    """Contents, layers and the list, all at once; undo gives the corrupt tree back, a second repair is as good as the first."""
    box = dead_box
    top = box.workdir / "containerd"
    assert problems(box, "--deep") == set()
    store.tear(top)
    assert problems(box, "--deep") == store.ALTERED
    damage.zero_roots(top / META)
    assert problems(box) == {"containerd-db-corrupt"}
    torn = parts(top), (top / META).read_bytes()
    fix(box, "--deep")
    kit.undo(box)
    assert (parts(top), (top / META).read_bytes()) == torn
    fix(box, "--deep")
    start(box)
    assert judge.differences(roots.healthy, judge.opinion(box)) == []
    assert problems(box, "--deep") == set()


def test_a_lost_list(dead_box: Box, roots: Roots) -> None:
    """Dockerd has everything, names too, and its clean-up deletes nothing."""
    box = dead_box
    top = box.workdir / "containerd"
    box.doctor("scan")
    (top / META).unlink()
    assert problems(box) == {"containerd-store-db-lost"}
    contents = set(os.listdir(top / BLOBS))
    fix(box)
    start(box)
    assert judge.images(box) == roots.healthy.images
    assert judge.markers(box) == roots.healthy.markers
    collect_garbage(box)
    assert set(os.listdir(top / BLOBS)) == contents
    assert problems(box) == set()


def test_a_living_containerd_is_never_written_under(dead_box: Box) -> None:
    """One that doctor cannot see as a process holds the file's lock: the repair is refused, and nothing has changed."""
    box = dead_box
    top = box.workdir / "containerd"
    damage.garble(top / META)
    before = (top / META).read_bytes()
    lock = f"import fcntl, time; f = open('/var/lib/containerd/{META}'); fcntl.flock(f, fcntl.LOCK_EX); print('held', flush=True); time.sleep(60)"
    box.doctor("scan")
    box.start(["/usr/bin/python3", "-c", lock], log="/tmp/lock")
    box.run(["sh", "-c", "until grep -q held /tmp/lock; do sleep 0.02; done"])
    done = box.doctor("fix", "state", "--apply", "--yes", "--allow", "disruptive")
    assert done.returncode != 0
    assert "holds the data root" in done.stdout + done.stderr
    assert (top / META).read_bytes() == before


def test_a_root_of_its_own(dead_box: Box, roots: Roots, can_box: None) -> None:
    """Settings name another root: its damage is found, both daemons stop for the repair, and salvage has its images."""
    box = dead_box
    top = box.workdir / "containerd"
    box.run(["mkdir", "-p", "/srv/containerd", "/etc/containerd"])
    box.run(["mount", "--move", "/var/lib/containerd", "/srv/containerd"])
    box.write("/etc/containerd/config.toml", 'version = 2\nroot = "/srv/containerd"\n')
    start(box)
    assert judge.contents(box) == roots.healthy.contents
    assert problems(box, "--deep") == set()
    damaged = store.layer_with(top, "opt/raw") / "etc/passwd"
    whole = damaged.read_bytes()
    damaged.write_bytes(b"root::0:0::/:/bin/sh\n")
    assert problems(box, "--deep") == {"containerd-snapshot-altered"}
    pids = box.pids("containerd")
    assert "stop the engine and containerd" in fix(box, "--deep")
    assert damaged.read_bytes() == whole
    assert box.pids("containerd") != pids
    assert problems(box, "--deep") == set()
    assert judge.contents(box) == roots.healthy.contents
    assert not (box.workdir / "upper/var/lib/containerd" / META).exists(), "something was written where it usually is"
    stop(box)
    damage.zero_roots(top / META)
    assert problems(box) == {"containerd-db-corrupt"}
    done = box.doctor("salvage", "--to", "/mnt/out", "--containers", "--format", "json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(json.loads(done.stdout)["images"]) >= 5
    fix(box)
    start(box)
    assert judge.images(box) == roots.healthy.images
    assert problems(box, "--deep") == set()


def test_salvage_out_of_both_stores(dead_box: Box, can_box: None) -> None:
    """Images and writable layers of the service's store, with its list gone too; another dockerd runs them."""
    box = dead_box
    out = "/mnt/out"
    done = box.doctor("salvage", "--to", out, "--tar", salvage_kit.IMAGES, "--containers", "--format", "json")
    assert done.returncode == 0, done.stdout + done.stderr
    outcome = json.loads(done.stdout)
    names = {name for image in outcome["images"] for name in image["names"]}
    assert names >= {"app:latest", "bb:1", "bk:1", "com:1", "leg:1"}
    assert {"job", "anon", "talk", "web", "plain"} <= {one["name"] for one in outcome["trees"]}
    with salvage_kit.loaded(box) as other:
        run = ("run", "--rm", "--network", "none", "salvaged-container:job", "sh", "-c")
        assert other.docker(*run, "cat /marker; [ -e /t/link ] || echo removed").split() == ["job", "removed"]
