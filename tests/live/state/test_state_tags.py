"""Flipped bits in the names of images: dockerd starts and knows the images by other names or none, until doctor turns them back."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hosts.box import Box
from tests.hosts.patient import patient

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

ALTERED = "state/tag-altered"


@pytest.fixture
def torn(can_box: None) -> Iterator[Box]:
    """A box with the patient and a repository of two names, as a power loss left it."""
    with Box(data_root=patient()) as made:
        made.start_dockerd()
        made.docker("tag", "bb:1", "bb:2")
        made.power_loss()
        yield made


def listed(box: Box) -> Path:
    """The list of names, from outside."""
    return box.workdir / "docker/image/overlay2/repositories.json"


def flip(box: Box, old: bytes, new: bytes, *, keep_time: bool = False) -> None:
    """Put one text for another that is a bit away from it, where the file lies."""
    path = listed(box)
    before = path.stat()
    whole = path.read_bytes()
    assert whole.count(old) == 1, whole
    assert sum((a ^ b).bit_count() for a, b in zip(old, new, strict=True)) == 1
    path.write_bytes(whole.replace(old, new))
    if keep_time:
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def found(box: Box) -> set[str]:
    """Ids of what a scan finds, but for what is only worth knowing."""
    said = box.doctor("scan", "--select", "state", "--format", "json")
    return {one["id"] for one in json.loads(said.stdout)["findings"] if one["severity"] != "info"}


def names(box: Box) -> set[str]:
    """Return the list of `docker images`."""
    return set(box.docker("images", "--format", "{{.Repository}}:{{.Tag}}").split())


def is_known(box: Box, name: str) -> bool:
    """Whether the engine finds an image by a name."""
    return bool(box.docker("image", "inspect", "-f", "{{.Id}}", name, check=False))


def apply(box: Box) -> None:
    """Repair; the engine is started by the repair."""
    done = box.doctor("fix", "--apply", "--yes", "--allow", "disruptive")
    print(done.stdout)
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    assert box.engine_answers(), done.stdout


def test_bits_of_a_repository_a_name_and_a_digest_are_turned_back(torn: Box) -> None:
    """Without a backup: other names, the grammar and the images' ids show it. The engine starts either way."""
    box = torn
    whole = listed(box).read_bytes()
    box.start_dockerd()
    right = names(box)
    box.stop_dockerd()
    digest = json.loads(whole)["Repositories"]["com"]["com:1"].encode()
    flip(box, b'"bb":{', b'"rb":{')
    flip(box, b'"bk:1"', b'"bkz1"')
    flip(box, b'"com:1":"' + digest[:9], b'"com:1":"' + digest[:8] + bytes((digest[8] ^ 64,)))
    broken = listed(box).read_bytes()
    box.start_dockerd()
    assert not any(is_known(box, name) for name in ("bb:1", "bb:2", "bk:1", "com:1"))
    assert "com:1" not in names(box)
    box.stop_dockerd()
    assert listed(box).read_bytes() == broken
    assert found(box) == {ALTERED}
    apply(box)
    assert listed(box).read_bytes() == whole
    assert names(box) == right
    assert all(is_known(box, name) for name in right - {"<none>:<none>"})
    box.docker("run", "--rm", "--network", "none", "bb:2", "true")
    assert found(box) == set()
    undone = box.doctor("undo", "--yes")
    assert undone.returncode == 0, undone.stdout + undone.stderr
    assert listed(box).read_bytes() == broken


def test_a_hidden_list_of_names_is_seen_again(torn: Box) -> None:
    """A bit of its key: the engine shows no name of any image."""
    box = torn
    whole = listed(box).read_bytes()
    flip(box, b'"Repositories"', b'"Repositoriec"')
    box.start_dockerd()
    assert names(box) == {"<none>:<none>"}
    box.stop_dockerd()
    assert found(box) == {ALTERED}
    apply(box)
    assert listed(box).read_bytes() == whole
    assert {"app:latest", "bb:1", "bb:2", "bk:1", "com:1", "leg:1"} <= names(box)


def test_with_an_earlier_scan_a_tag_that_could_be_any_is_known(torn: Box) -> None:
    """Nobody wrote the list since the backup: a digit rotted. After `docker tag` and `docker rmi` nothing is said."""
    box = torn
    box.doctor("scan")
    whole = listed(box).read_bytes()
    flip(box, b'"bb:2"', b'"bb:0"', keep_time=True)
    assert found(box) == {ALTERED}
    apply(box)
    assert listed(box).read_bytes() == whole
    assert is_known(box, "bb:2")
    box.docker("tag", "bb:2", "bb:0")
    box.docker("rmi", "bb:2")
    assert found(box) == set()
    assert is_known(box, "bb:0")
