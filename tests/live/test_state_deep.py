"""What only --deep sees, on a root of a real dockerd: each entry is named, comes back, and dockerd sees all as before."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hosts import judge
from tests.hosts.box import INIT_SCRIPT, Box
from tests.hosts.patient import patient

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

RECORDS = "image/overlay2/layerdb/sha256"


@pytest.fixture(scope="module")
def healthy(can_box: None) -> judge.Opinion:
    """What dockerd says of the patient after a power loss and nothing else."""
    with Box(data_root=patient()) as box:
        box.start_dockerd()
        return judge.opinion(box)


@pytest.fixture
def dead_box(can_box: None) -> Iterator[Box]:
    """A box with the patient as a power loss left it: no dockerd has run since."""
    with Box(data_root=patient()) as made:
        made.write("/etc/init.d/docker", INIT_SCRIPT, mode=0o755)
        yield made


def root(box: Box) -> Path:
    """The data root, from outside."""
    return box.workdir / "docker"


def layers(box: Box) -> list[Path]:
    """The directories of all image layers."""
    top = root(box)
    return sorted(top / "overlay2" / (record / "cache-id").read_text() / "diff" for record in (top / RECORDS).iterdir())


def holder(box: Box, name: str, *, suits: str = "") -> Path:
    """The entry of that name in the one layer that has it and that has, or is, what suits."""
    tests = {
        "": os.path.lexists,
        "older": lambda path: not (path.parents[1] / "com").exists(),
        "device": lambda path: path.is_char_device(),
        "opaque": lambda path: "trusted.overlay.opaque" in os.listxattr(path),
        "twin": lambda path: path.is_file() and path.stat().st_nlink > 1,
        "private": lambda path: path.stat().st_mode & 0o777 == 0o640,
    }
    found = [layer / name for layer in layers(box) if os.path.lexists(layer / name)]
    return next(path for path in found if tests[suits](path))


def seen(box: Box) -> dict[str, str]:
    """Id of each finding of the state → all that its evidence says."""
    found = json.loads(box.doctor("scan", "--select", "state", "--deep", "--format", "json").stdout)["findings"]
    told: dict[str, str] = {}
    for finding in found:
        lines = [f"{one['source']}: {one['value']}" for one in finding["evidence"]]
        told[finding["id"]] = told.get(finding["id"], "") + "\n".join([finding["subject"]["name"], *lines, ""])
    return told


def tree(box: Box) -> dict[str, tuple[object, ...]]:
    """Every entry of all image layers with all that counts, times of files included."""
    found: dict[str, tuple[object, ...]] = {}
    for layer in layers(box):
        for path in sorted(layer.rglob("*")):
            about = path.lstat()
            content: object = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
            xattrs = {
                key: os.getxattr(path, key, follow_symlinks=False) for key in os.listxattr(path, follow_symlinks=False)
            }
            name = str(path.relative_to(root(box)))
            found[name] = (about.st_mode, about.st_uid, about.st_gid, about.st_rdev, about.st_nlink, content, xattrs)
    return found


def tear(box: Box) -> dict[str, str]:
    """Break one thing of each kind; id → what must be named."""
    secret = holder(box, "t/sec", suits="private")
    secret.write_bytes(b"SEC\n")
    page = holder(box, "www/index.html", suits="older")
    os.chown(page, 5, 6)
    deleted = holder(box, "t/one", suits="device")
    deleted.unlink()
    opaque = holder(box, "opt/d", suits="opaque")
    os.removexattr(opaque, "trusted.overlay.opaque")
    twin = holder(box, "bk/same", suits="twin")
    shutil.copy2(twin, f"{twin}.new")
    os.rename(f"{twin}.new", twin)
    records = {(record / "cache-id").read_text(): record for record in (root(box) / RECORDS).iterdir()}
    record = records[holder(box, "com").parents[1].name]
    (record / "tar-split.json.gz").unlink()
    return {
        "state/layer-content-altered": "diff/t/sec: its content is another one",
        "state/tar-split-corrupt": record.name[:12],
        "state/layer-metadata-lost": "diff/bk/same: it is a copy and no longer another name of bk/numbers",
    }


def test_what_only_deep_sees_is_named_and_comes_back(dead_box: Box, healthy: judge.Opinion) -> None:
    """Six losses at once: a scan is silent on five, --deep names each; undo gives them back; repaired, all is as before."""
    box = dead_box
    before = tree(box)
    assert seen(box) == {}
    wanted = tear(box)
    torn = tree(box)
    found = seen(box)
    assert found.keys() == wanted.keys()
    for identity, text in wanted.items():
        assert text in found[identity]
    for text in ("owner 5:6 instead of 0:0", "t/one: it is gone, so what it deletes is back", "opaque mark is gone"):
        assert text in found["state/layer-metadata-lost"]
    plain = json.loads(box.doctor("scan", "--select", "state", "--format", "json").stdout)["findings"]
    assert {finding["id"] for finding in plain} == {"state/tar-split-corrupt"}

    box.doctor("fix", "state", "--deep", "--apply", "--yes", "--allow", "disruptive")
    assert tree(box) == before
    assert seen(box) == {}
    undone = box.doctor("undo", "--yes")
    assert undone.returncode == 0, undone.stdout + undone.stderr
    assert tree(box) == torn

    done = box.doctor("fix", "--deep", "--apply", "--yes", "--allow", "disruptive")
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert seen(box) == {}
    assert box.engine_answers()
    assert judge.differences(healthy, judge.opinion(box)) == []


def test_without_repair_dockerd_runs_the_altered_files(dead_box: Box, healthy: judge.Opinion) -> None:
    """The other half of the proof: nothing else notices, and what runs is not what was built."""
    box = dead_box
    tear(box)
    box.start_dockerd()
    changed = judge.differences(healthy, judge.opinion(box))
    assert [line for line in changed if line.startswith("contents[leg:1]")]
    assert [line for line in changed if line.startswith("saves[")]


def test_record_and_tar_split_gone_together(dead_box: Box, healthy: judge.Opinion) -> None:
    """Neither the directory nor tar-split of any layer is told; each directory's own tar tells both, but for the imported base."""
    box = dead_box
    for record in (root(box) / RECORDS).iterdir():
        if (record / "parent").exists():
            (record / "cache-id").write_bytes(b"")
            (record / "tar-split.json.gz").unlink()
    done = box.doctor("fix", "--apply", "--yes", "--allow", "disruptive")
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert box.engine_answers()
    assert judge.differences(healthy, judge.opinion(box)) == []
    assert seen(box) == {}


def test_a_planted_file_is_named_and_left(dead_box: Box) -> None:
    """It is somebody's, so doctor tells and touches nothing."""
    box = dead_box
    planted = holder(box, "com").with_name("planted")
    planted.write_text("#!/bin/sh\n")
    found = seen(box)
    assert found.keys() == {"state/layer-extra-files"}
    assert "diff/planted" in found["state/layer-extra-files"]
    box.doctor("fix", "state", "--deep", "--apply", "--yes", "--allow", "destructive")
    assert planted.read_text() == "#!/bin/sh\n"
