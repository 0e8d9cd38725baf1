"""State corrupted by a power loss: found, repaired offline, undone to the byte, and a real dockerd sees all of it again."""

import pytest

from tests.hosts import judge
from tests.hosts.box import Box
from tests.live.repair import repair_kit as kit
from tests.live.state import torn_kit as torn
from tests.live.state.state_kit import is_sick, mend_and_take_back, problems

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

LOST = {"no_tags": {"images[bk:1]", "images[com:1]", "images[leg:1]"}}


def test_a_power_loss_alone_is_no_damage(dead_box: Box) -> None:
    """The root that all others start from has no finding."""
    assert problems(dead_box) == set()


@pytest.mark.parametrize(
    ("break_it", "expected"), [pytest.param(*fault, id=fault[0].__name__) for fault in torn.MENDED_ALONE]
)
def test_a_corrupt_root_is_restored(
    dead_box: Box, healthy: judge.Opinion, break_it: torn.Fault, expected: set[str]
) -> None:
    """Scan finds it (1), undo of the repair gives the broken bytes back; repaired (0), dockerd sees what it saw before."""
    box = dead_box
    break_it(box.data_root)
    assert problems(box) == expected
    assert is_sick(box)
    mend_and_take_back(box)
    print(kit.repair(box).stdout)
    assert box.engine_answers()
    assert lost(healthy, judge.opinion(box)) <= LOST.get(break_it.__name__, set())
    assert box.doctor("scan", "--select", "state").returncode == 0


def lost(before: judge.Opinion, after: judge.Opinion) -> set[str]:
    """Return the differences, by name; of an image whose name is lost only that."""
    lines = judge.differences(before, after)
    print("\n".join(lines))
    names = {line.partition(":  ")[0].partition("]: ")[0] + "]" for line in lines if line.startswith("images[")}
    gone = {name.removeprefix("images") for name in names}
    rest = {line for line in lines if not line.startswith(("images[", "untagged"))}
    return names | {line for line in rest if not any(line.partition("]: ")[0].endswith(name[:-1]) for name in gone)}


def test_everything_at_once(dead_box: Box, healthy: judge.Opinion) -> None:
    """All records, all short names, the marks, the tags, three databases: only names of images that no file has are lost."""
    box = dead_box
    torn.break_all(
        box.data_root,
        torn.no_layerdb,
        torn.no_links,
        torn.no_tags,
        torn.garbage_networks,
        torn.volume_freelist,
        torn.garbage_build_cache,
    )
    assert is_sick(box)
    mend_and_take_back(box)
    print(kit.repair(box).stdout)
    assert box.engine_answers()
    assert lost(healthy, judge.opinion(box)) <= LOST["no_tags"]


def test_lost_records_follow_from_the_layers_above(dead_box: Box, healthy: judge.Opinion) -> None:
    """Every layer record is deleted with its tar-split: all runs again, only saving needs a pull."""
    box = dead_box
    torn.layers(box.data_root)
    assert problems(box) == {"layer-metadata-missing"}
    kit.repair(box, code=1)
    assert box.engine_answers()
    assert problems(box) == {"tar-split-corrupt"}
    changed = judge.differences(healthy, judge.opinion(box))
    assert [line for line in changed if not line.startswith("saves[")] == []


def test_a_stale_pid_file_no_longer_stops_the_engine(dead_box: Box) -> None:
    """The pid file names a living stranger: dockerd refuses, the repair sets the file aside, dockerd starts."""
    box = dead_box
    stranger = box.start(["sleep", "3600"])
    box.write("/run/docker.pid", str(stranger))
    assert problems(box) == {"pidfile-foreign"}
    assert "quarantine" in kit.repair(box).stdout
    assert box.read("/run/docker.pid") != str(stranger)
    assert box.engine_answers()
    assert box.doctor("scan", "--select", "state").returncode == 0


def test_a_healthy_running_host_has_no_finding(patient_box: Box) -> None:
    """A living engine writes while doctor reads; nothing of that is damage."""
    for _ in range(5):
        patient_box.docker("run", "--rm", "--network", "none", "bb:1", "true")
        assert problems(patient_box) == set()
    assert patient_box.doctor("scan", "--select", "state", "--deep").returncode == 0


def test_a_living_engine_is_stopped_for_a_repair_and_started_again(patient_box: Box, healthy: judge.Opinion) -> None:
    """Short names vanish under a running engine: the plan stops it, repairs, and starts it as it was."""
    box = patient_box
    torn.no_link_directory(box.data_root)
    assert "overlay2-link-broken" in problems(box)
    refused = box.doctor("fix", "state", "--apply", "--yes")
    assert refused.returncode == 5, refused.stdout + refused.stderr
    print(kit.repair(box, "state").stdout)
    assert box.engine_answers()
    assert problems(box) == set()
    assert judge.markers(box) == healthy.markers
