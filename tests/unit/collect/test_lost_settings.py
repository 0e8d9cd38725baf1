"""A daemon.json that can't be read: which data roots and copies are known, and what is offered of them."""

import json
from pathlib import Path

import pytest

from doctor.facts.config.lost import LostSettings
from doctor.host.recorded import RootHost
from doctor.scan.resolve import Facts

BROKEN = b'{"data-root": "/srv/docker", \0\0\0 "storage-driver": "btrfs" ]'


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """A host with two data roots, two drivers in one of them, and a broken settings file."""
    for root, driver in (("srv/docker", "vfs"), ("srv/docker", "overlay2"), ("var/lib/docker", "overlay2")):
        place = tmp_path / root / "image" / driver / "imagedb/content/sha256"
        place.mkdir(parents=True)
        (place / ("a" * 64)).write_text("{}")
    (tmp_path / "etc/docker").mkdir(parents=True)
    (tmp_path / "etc/docker/daemon.json").write_bytes(BROKEN)
    return tmp_path


def lost(top: Path) -> LostSettings:
    """The fact of a host."""
    found = Facts(RootHost(str(top))).get(LostSettings)
    assert isinstance(found, LostSettings)
    return found


def test_each_driver_with_images_is_a_candidate(host: Path) -> None:
    """A driver that the text names, and that has no images, is left out."""
    found = {(root.path, root.driver): root.settings for root in lost(host).roots}
    assert found == {
        ("/srv/docker", "overlay2"): {"data-root": "/srv/docker", "storage-driver": "overlay2"},
        ("/srv/docker", "vfs"): {"data-root": "/srv/docker", "storage-driver": "vfs"},
        ("/var/lib/docker", ""): {},
    }


def test_only_valid_copies_count(host: Path) -> None:
    """A copy that the engine would refuse, an empty one, a directory and another program's file are left out."""
    folder = host / "etc/docker"
    (folder / "daemon.json.bak").write_text(json.dumps({"icc": False}))
    (folder / "daemon.json~").write_bytes(BROKEN)
    (folder / "daemon.json.empty").write_text("{}")
    (folder / "daemon.json.d").mkdir()
    (folder / "key.json").write_text('{"kty": "EC"}')
    assert [(copy.path, copy.keys) for copy in lost(host).copies] == [("/etc/docker/daemon.json.bak", ("icc",))]


@pytest.mark.parametrize(
    "content", [b"\0" * 4096, b'{"data-root": "' + b"/x" * 9000 + b'"', b"\xff" * 100, b'"data-root": "/etc/passwd"']
)
def test_hostile_content_names_no_root(host: Path, content: bytes) -> None:
    """The default root is left, and a path without a data root is never offered with images."""
    (host / "etc/docker/daemon.json").write_bytes(content)
    assert [root.path for root in lost(host).roots if root.holds_anything] == ["/var/lib/docker"]
