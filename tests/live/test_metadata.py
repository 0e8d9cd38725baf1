"""A healthy scan before the damage: everything comes back, also what nothing else could tell; dockerd is the judge."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hosts import judge
from tests.hosts.box import BOX_ADDRESS, INIT_SCRIPT, Box
from tests.live import test_state as torn

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

STORE = "image/overlay2"


@pytest.fixture
def scanned(patient_box: Box) -> tuple[Box, judge.Opinion]:
    """The patient, judged by dockerd, scanned while it was healthy and running, then without power."""
    box = patient_box
    box.write("/etc/init.d/docker", INIT_SCRIPT, mode=0o755)
    before = judge.opinion(box)
    done = box.doctor("scan", "--format", "json")
    assert "metadata backup" not in done.stdout, done.stdout
    assert len(kept(box)) == 1
    box.power_loss()
    return box, before


def kept(box: Box) -> list[str]:
    """The backups there are."""
    return [name for name in box.run(["ls", "/var/lib/doctor/metadata"]).stdout.split() if name.startswith("20")]


def configs(top: Path) -> None:
    for path in (top / "containers").glob("*/config.v2.json"):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def host_configs(top: Path) -> None:
    for path in (top / "containers").glob("*/hostconfig.json"):
        path.unlink()


def container_directories(top: Path) -> None:
    for path in (top / "containers").iterdir():
        shutil.rmtree(path)


def names_and_image_configs(top: Path) -> None:
    torn.no_tags(top)
    for path in (top / STORE / "imagedb/content/sha256").iterdir():
        path.unlink()


def volume_database(top: Path) -> None:
    path = top / "volumes/metadata.db"
    path.write_bytes(torn.garbage(path.stat().st_size))


def options(top: Path) -> None:
    volume_database(top)
    (top / "volumes/scratch/opts.json").write_bytes(b"")


def image_configs(top: Path) -> None:
    for path in (top / STORE / "imagedb/content/sha256").iterdir():
        path.write_bytes(b"")


def mounts(top: Path) -> None:
    shutil.rmtree(top / STORE / "layerdb/mounts")
    (top / STORE / "layerdb/mounts").mkdir(mode=0o755)


def layers(top: Path) -> None:
    shutil.rmtree(top / STORE / "layerdb/sha256")
    (top / STORE / "layerdb/sha256").mkdir(mode=0o755)


def tar_splits(top: Path) -> None:
    for path in (top / STORE / "layerdb/sha256").glob("*/tar-split.json.gz"):
        path.write_bytes(b"")


def engine_id(top: Path) -> None:
    (top / "engine-id").write_bytes(b"")


FAULTS = [
    torn.no_tags,
    configs,
    host_configs,
    container_directories,
    names_and_image_configs,
    volume_database,
    options,
    image_configs,
    mounts,
    layers,
    tar_splits,
    engine_id,
    torn.garbage_networks,
    torn.no_networks,
]


@pytest.mark.parametrize("break_it", [pytest.param(fault, id=fault.__name__) for fault in FAULTS])
def test_nothing_is_lost(scanned: tuple[Box, judge.Opinion], break_it: Callable[[Path], None]) -> None:
    """Scan finds it, the repair names the backup, dockerd sees what it saw before, to the last name and label."""
    box, before = scanned
    break_it(torn.root(box))
    assert box.doctor("scan", "--select", "state").returncode == 1
    done = " ".join(torn.repair(box).split())
    assert "from the backup of " in done or "with the backup of " in done, done
    assert judge.differences(before, judge.opinion(box)) == []
    assert box.doctor("scan", "--select", "state").returncode == 0


def test_everything_at_once(scanned: tuple[Box, judge.Opinion]) -> None:
    """The whole torn root of test_state, every container's settings and both databases on top: nothing is lost."""
    box, before = scanned
    top = torn.root(box)
    faults = (
        torn.no_layerdb,
        torn.no_links,
        torn.no_tags,
        torn.garbage_networks,
        torn.garbage_build_cache,
        configs,
        host_configs,
        options,
    )
    for break_it in faults:
        break_it(top)
    for mark in top.glob("overlay2/*/committed"):
        mark.unlink()
    broken = torn.metadata(box)
    torn.repair_state(box)
    undo = box.doctor("undo", "--yes")
    assert undo.returncode == 0, undo.stdout + undo.stderr
    assert torn.metadata(box) == broken
    print(torn.repair(box))
    assert judge.differences(before, judge.opinion(box)) == []
    found = json.loads(box.doctor("scan", "--format", "json").stdout)
    assert [
        one["id"] for one in found["findings"] if one["id"].startswith("state/") and one["severity"] != "info"
    ] == []


def test_secrets_are_kept_and_never_shown(scanned: tuple[Box, judge.Opinion]) -> None:
    """The value of a container's environment lies in the backup for root alone; no plan, report or listing shows it."""
    box, _ = scanned
    configs(torn.root(box))
    modes = box.run(["find", "/var/lib/doctor/metadata", "-perm", "/077"]).stdout
    assert modes == ""
    plan = box.doctor("fix", "--format", "json")
    assert "from the backup of" in plan.stdout
    done = box.doctor("fix", "state", "--apply", "--yes", "--allow", "disruptive", "--verbose")
    for text in (plan.stdout, plan.stderr, done.stdout, done.stderr):
        assert "do-not-show" not in text
    listing = box.run(["sh", "-c", "cat /var/lib/doctor/metadata/*.json"]).stdout
    assert "do-not-show" not in listing
    restored = box.run(["sh", "-c", "cat /var/lib/docker/containers/*/config.v2.json"]).stdout
    assert "do-not-show" in restored


def test_a_swarm_node_keeps_its_place(box: Box) -> None:
    """The certificate is lost: dockerd alone would erase the node's swarm; with the kept one it is a manager as before."""
    box.write("/etc/init.d/docker", INIT_SCRIPT, mode=0o755)
    box.docker("swarm", "init", "--advertise-addr", BOX_ADDRESS)
    box.docker("config", "create", "greeting", "-", input="hello")
    assert torn.ids(box) == set()
    box.doctor("scan")
    assert len(kept(box)) == 1
    before = box.docker("node", "ls", "-q"), box.docker("config", "ls", "-q")
    box.power_loss()
    for name in ("swarm-node.crt", "swarm-node.key"):
        (torn.root(box) / "swarm/certificates" / name).unlink()
    (torn.root(box) / "swarm/docker-state.json").write_bytes(b"")
    assert torn.ids(box) == {"state/swarm-cert-missing"}
    print(torn.repair(box))
    assert (box.docker("node", "ls", "-q"), box.docker("config", "ls", "-q")) == before


def test_a_sick_root_is_not_kept(scanned: tuple[Box, judge.Opinion]) -> None:
    """A scan that finds damage leaves the backup of before alone."""
    box, _ = scanned
    before = kept(box)
    torn.no_tags(torn.root(box))
    box.doctor("scan")
    assert kept(box) == before
