"""A healthy scan before the damage: everything is restored, also what no other file has; dockerd is the judge."""

import pytest

from tests.hosts import damage, judge
from tests.hosts.box import Box
from tests.hosts.outside import BOX_ADDRESS
from tests.live.repair import repair_kit as kit
from tests.live.state import torn_kit as torn
from tests.live.state.state_kit import backups, is_sick, mend_and_take_back, mend_state, problems

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]


@pytest.mark.parametrize("break_it", [pytest.param(fault, id=fault.__name__) for fault in torn.MENDED_WITH_BACKUP])
def test_nothing_is_lost(scanned_box: Box, healthy: judge.Opinion, break_it: torn.Fault) -> None:
    """Scan finds it, the repair names the backup, dockerd sees what it saw before, to the last name and label."""
    box = scanned_box
    break_it(box.data_root)
    assert is_sick(box)
    done = " ".join(kit.repair(box).stdout.split())
    assert "from the backup " in done, done
    assert judge.differences(healthy, judge.opinion(box)) == []
    assert box.doctor("scan", "--select", "state").returncode == 0


def test_everything_at_once(scanned_box: Box, healthy: judge.Opinion) -> None:
    """The whole corrupt root of test_state, every container's settings and both databases on top: nothing is lost."""
    box = scanned_box
    torn.break_all(
        box.data_root,
        torn.no_layerdb,
        torn.no_links,
        torn.no_tags,
        torn.garbage_networks,
        torn.garbage_build_cache,
        torn.configs,
        torn.host_configs,
        torn.options,
    )
    mend_and_take_back(box)
    print(kit.repair(box).stdout)
    assert judge.differences(healthy, judge.opinion(box)) == []
    assert {name for name in kit.ids(box) if name.startswith("state/")} == set()


def test_another_engine_id_hides_no_backup(scanned_box: Box, healthy: judge.Opinion) -> None:
    """engine-id was gone and dockerd made another one: the root is known by all else, and all names are restored."""
    box = scanned_box
    (box.data_root / "engine-id").write_text("0a1b2c3d-7c01-4da0-a66a-c0267b6472c6\n")
    torn.no_tags(box.data_root)
    mend_state(box)
    box.start_dockerd()
    assert judge.differences(healthy, judge.opinion(box)) == []


def test_a_backup_of_another_root_serves_nobody(scanned_box: Box) -> None:
    """A new root at the same path, under the same engine-id even: its lost names are not those of the old one."""
    box = scanned_box
    identity = (box.data_root / "engine-id").read_text()
    box.run(["sh", "-c", "rm -rf /var/lib/docker/*"])
    box.start_dockerd()
    box.load_images()
    box.docker("tag", "bb:1", "mine:1")
    for name in ("one", "two", "three"):
        box.docker("create", "--name", name, "mine:1")
    box.stop_dockerd()
    (box.data_root / "engine-id").write_text(identity)
    (box.data_root / "image/overlay2/repositories.json").unlink()
    plan = " ".join(box.doctor("fix", "state").stdout.split())
    assert "state/repositories-json-missing" in plan, plan
    assert "backup" not in plan, plan


def test_secrets_are_kept_and_never_shown(scanned_box: Box) -> None:
    """The value of a container's environment lies in the backup for root alone; no plan, report or listing shows it."""
    box = scanned_box
    torn.configs(box.data_root)
    modes = box.run(["find", "/var/lib/doctor/metadata", "-perm", "/077"]).stdout
    assert modes == ""
    plan = box.doctor("fix", "--format", "json")
    assert "from the backup " in plan.stdout
    done = box.doctor("fix", "state", "--apply", "--yes", "--allow", "disruptive", "--verbose")
    for text in (plan.stdout, plan.stderr, done.stdout, done.stderr):
        assert "do-not-show" not in text
    listing = box.run(["sh", "-c", "cat /var/lib/doctor/metadata/*.json"]).stdout
    assert "do-not-show" not in listing
    restored = box.run(["sh", "-c", "cat /var/lib/docker/containers/*/config.v2.json"]).stdout
    assert "do-not-show" in restored


def test_a_swarm_node_keeps_its_place(box: Box) -> None:
    """The certificate is lost: dockerd alone would erase the node's swarm; with the kept one it is a manager as before."""
    box.docker("swarm", "init", "--advertise-addr", BOX_ADDRESS)
    box.docker("config", "create", "greeting", "-", input="hello")
    assert problems(box) == set()
    box.doctor("scan")
    assert len(backups(box)) == 1
    before = box.docker("node", "ls", "-q"), box.docker("config", "ls", "-q")
    box.power_loss()
    for name in ("swarm-node.crt", "swarm-node.key"):
        (box.data_root / "swarm/certificates" / name).unlink()
    damage.empty(box.data_root / "swarm/docker-state.json")
    assert problems(box) == {"swarm-cert-missing"}
    print(kit.repair(box).stdout)
    assert (box.docker("node", "ls", "-q"), box.docker("config", "ls", "-q")) == before


def test_a_sick_root_is_not_kept(scanned_box: Box) -> None:
    """A scan that finds damage leaves the backup of before alone."""
    box = scanned_box
    before = backups(box)
    torn.no_tags(box.data_root)
    box.doctor("scan")
    assert backups(box) == before
