"""Two things broken at once, of which mending one alone loses the other; a real dockerd judges."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hosts import judge
from tests.hosts.box import INIT_SCRIPT, Box
from tests.hosts.patient import patient

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


def test_a_restored_container_takes_no_name_from_another(dead_box: Box, healthy: judge.Opinion) -> None:
    """A container vanished, another took its name; the restored one must not make that one vanish at the next start."""
    box = dead_box
    assert box.doctor("scan").returncode in {0, 1}
    config = root(box) / "containers" / record_of(box, "job").name / "config.v2.json"
    config.write_bytes(b"")
    box.start_dockerd()
    taken = box.docker("create", "--name", "job", "bb:1", "true")
    box.power_loss()
    assert "container-config-corrupt" in findings(box)
    repair(box)
    listed = box.docker("ps", "-a", "--no-trunc", "--format", "{{.ID}} {{.Names}}").splitlines()
    names = dict(line.split() for line in listed)
    assert len(names) == len(healthy.containers) + 1
    assert {names[taken], names[config.parent.name]} == {"job", f"job-{taken[:12]}"}
