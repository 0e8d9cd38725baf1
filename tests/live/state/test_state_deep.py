"""Damage that only --deep finds, on a root of a real dockerd: each entry is named and restored, and dockerd sees all as before."""

import json
import os
from pathlib import Path

import pytest

from tests.hosts import damage, judge, places
from tests.hosts.box import Box
from tests.live.repair import repair_kit as kit
from tests.live.state.state_kit import problems, revive

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]


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
    found = [layer / name for layer in places.layers(box.data_root) if os.path.lexists(layer / name)]
    return next(path for path in found if tests[suits](path))


def seen(box: Box) -> dict[str, str]:
    """Id of each finding of the state → all that its evidence says."""
    found = json.loads(box.doctor("scan", "--select", "state", "--deep", "--format", "json").stdout)["findings"]
    told: dict[str, str] = {}
    for finding in found:
        lines = [f"{one['source']}: {one['value']}" for one in finding["evidence"]]
        told[finding["id"]] = told.get(finding["id"], "") + "\n".join([finding["subject"]["name"], *lines, ""])
    return told


def tree(box: Box) -> dict[str, places.Entry]:
    """Every entry of all image layers."""
    found: dict[str, places.Entry] = {}
    for layer in places.layers(box.data_root):
        found |= {f"{layer.parent.name}/{name}": entry for name, entry in places.entries(layer).items()}
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
    damage.unlink_twin(twin)
    records = {(record / "cache-id").read_text(): record for record in places.records(box.data_root)}
    record = records[holder(box, "com").parents[1].name]
    (record / "tar-split.json.gz").unlink()
    return {
        "state/layer-content-altered": "diff/t/sec: its content differs",
        "state/tar-split-corrupt": record.name[:12],
        "state/layer-metadata-lost": "diff/bk/same: it is a copy and no longer a hard link to bk/numbers",
    }


def test_what_only_deep_sees_is_named_and_is_restored(dead_box: Box, healthy: judge.Opinion) -> None:
    """Six losses at once: a scan sees some of the lost attributes, --deep names each; undo gives them back; repaired, all is as before."""
    box = dead_box
    before = tree(box)
    assert seen(box) == {}
    wanted = tear(box)
    torn = tree(box)
    found = seen(box)
    assert found.keys() == wanted.keys() | {"state/data-root-copied"}
    for identity, text in wanted.items():
        assert text in found[identity]
    for text in (
        "owner 5:6 instead of 0:0",
        "t/one: it is missing, so the file it deletes is visible again",
        "opaque mark is missing",
    ):
        assert text in found["state/layer-metadata-lost"]
    assert problems(box, notes=True) == {"tar-split-corrupt", "data-root-copied"}

    box.doctor("fix", "state", "--deep", "--apply", "--yes", "--allow", "disruptive")
    assert tree(box) == before
    assert seen(box) == {}
    kit.undo(box)
    assert tree(box) == torn

    revive(box, "--deep", codes={0})
    assert seen(box) == {}
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
    """Neither the directory nor tar-split of any layer is known; each directory's own tar proves both, except for the imported base."""
    box = dead_box
    for record in places.records(box.data_root):
        if (record / "parent").exists():
            damage.empty(record / "cache-id")
            (record / "tar-split.json.gz").unlink()
    revive(box, codes={0})
    assert judge.differences(healthy, judge.opinion(box)) == []
    assert seen(box) == {}


def test_a_planted_file_is_named_and_left(dead_box: Box) -> None:
    """It is the user's, so doctor reports it and changes nothing."""
    box = dead_box
    planted = holder(box, "com").with_name("planted")
    planted.write_text("#!/bin/sh\n")
    found = seen(box)
    assert found.keys() == {"state/layer-extra-files"}
    assert "diff/planted" in found["state/layer-extra-files"]
    box.doctor("fix", "state", "--deep", "--apply", "--yes", "--allow", "destructive")
    assert planted.read_text() == "#!/bin/sh\n"
