"""A real dockerd loads what benchmarks/dataroot.py writes, and finds every hash, link and record true."""

import hashlib
import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.dataroot import SMALL, DataRoot, Size, generate
from tests.hosts.box import Box, why_not

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(bool(why_not()), reason=why_not()),
    pytest.mark.timeout(120),
]

SIZE = Size(images=24, layers=70, containers=24, volumes=12, networks=3)


@pytest.fixture(scope="module")
def host() -> Iterator[tuple[Box, DataRoot]]:
    """A box whose dockerd runs on a generated data root."""
    with Box() as box:
        written = generate(box.workdir / "docker", SIZE, seed=7, big=70_000)
        box.start_dockerd()
        yield box, written


def docker(box: Box, *arguments: str) -> str:
    return box.run(["docker", *arguments]).stdout


def test_all_images_are_listed_with_their_tags(host: tuple[Box, DataRoot]) -> None:
    """Dockerd verifies each config against its name, and drops an image one of whose layers it can't register."""
    box, written = host
    listed = docker(box, "images", "-a", "--no-trunc", "--format", "{{.ID}} {{.Repository}}:{{.Tag}}").splitlines()
    assert {line.split()[0] for line in listed} == {image.image_id for image in written.images}
    assert {f"{image.image_id} {image.tag}" for image in written.images if image.tag} <= set(listed)
    assert docker(box, "info", "--format", "{{.Driver}}").strip() == "overlay2"


def test_saved_layers_have_their_diff_ids(host: tuple[Box, DataRoot]) -> None:
    """`docker save` puts each layer together from tar-split and the files, and checks each file's CRC-64."""
    box, written = host
    for image in written.images[::5]:
        docker(box, "save", "-o", "/tmp/image.tar", image.image_id)
        with tarfile.open(box.path("/tmp/image.tar")) as archive:
            manifest = json.load(archive.extractfile("manifest.json") or pytest.fail("no manifest"))[0]
            for name, diff_id in zip(manifest["Layers"], image.top.diff_ids, strict=True):
                layer = archive.extractfile(name) or pytest.fail(f"no {name}")
                assert f"sha256:{hashlib.sha256(layer.read()).hexdigest()}" == diff_id


def test_a_container_sees_the_files_that_its_layers_leave(host: tuple[Box, DataRoot]) -> None:
    """Whiteouts and opaque directories hide what they should, and nothing else, through the kernel's overlay."""
    box, written = host
    command = "cd / && busybox find srv -type f ! -name same 2>/dev/null; true"
    hidden = 0
    for image in written.images:
        seen = docker(box, "run", "--rm", "--network", "none", image.image_id, "sh", "-c", command).splitlines()
        assert sorted(seen) == sorted(image.top.visible.files)
        hidden += sum(1 for name in seen if name.endswith("/replaced"))
    assert hidden, "the seed should make opaque directories"


def test_old_containers_start_and_have_their_data(host: tuple[Box, DataRoot]) -> None:
    """Writable layer, volume and network of each: the marker is in the upper layer."""
    box, written = host
    listed = docker(box, "ps", "-a", "--no-trunc", "--format", "{{.ID}} {{.Names}} {{.Image}}").splitlines()
    names = {f"{each.container_id} {each.name}" for each in written.containers}
    assert {line.rsplit(" ", 1)[0] for line in listed} == names
    for container in written.containers:
        if container.restart_policy == "no" and not container.is_new:
            assert docker(box, "start", "-a", container.name) == f"{container.name}\nagain\n"


def test_networks_and_volumes_are_the_ones_in_the_databases(host: tuple[Box, DataRoot]) -> None:
    """The bolt files are read, not replaced: user networks keep their ids, volumes their labels and options."""
    box, written = host
    networks = set(docker(box, "network", "ls", "--no-trunc", "--format", "{{.ID}} {{.Name}}").splitlines())
    assert {f"{each.network_id} {each.name}" for each in written.networks if each.name.startswith("net-")} <= networks
    names = [volume.name for volume in written.volumes]
    found = json.loads(docker(box, "volume", "inspect", *names))
    assert [each["Labels"] or {} for each in found] == [volume.labels for volume in written.volumes]
    assert [bool(each["Options"]) for each in found] == [volume.has_options for volume in written.volumes]


def test_the_log_has_no_complaint(host: tuple[Box, DataRoot]) -> None:
    """Dockerd says so when it leaves an image, a container or a layer out."""
    box, _ = host
    complaints = ("invalid image", "not restoring image", "failed to load", "does not exist", "level=error")
    assert [line for line in box.log().splitlines() if any(word in line for word in complaints)] == []


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    """Measurements of two days are of the same host; another seed makes another one."""
    prints = []
    for number, seed in enumerate((3, 3, 4)):
        generate(tmp_path / str(number), SMALL, seed=seed)
        prints.append(_fingerprint(tmp_path / str(number)))
    assert prints[0] == prints[1] != prints[2]


def test_an_impossible_size_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not a possible size"):
        generate(tmp_path / "x", Size(images=5, layers=4, containers=0, volumes=0, networks=0))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(ValueError, match="not empty"):
        generate(tmp_path / "full", SMALL)


def _fingerprint(root: Path) -> str:
    digest = hashlib.sha256()
    for folder, folders, files in os.walk(root):
        folders.sort()
        for name in sorted([*files, *folders]):
            path = Path(folder, name)
            status = path.lstat()
            digest.update(f"{path.relative_to(root)} {status.st_mode} {status.st_uid} {status.st_nlink}\n".encode())
            if path.is_symlink():
                digest.update(str(path.readlink()).encode())
            elif path.is_file():
                digest.update(path.read_bytes())
    return digest.hexdigest()
