"""Symbolic links planted in the data root lead nowhere: what they name is neither read into a report nor changed."""

import shutil
from pathlib import Path

import pytest

from tests.hosts.box import Box
from tests.hosts.patient import patient
from tests.live.commands.test_bad_input import STORE
from tests.live.repair import repair_kit as kit

pytestmark = [pytest.mark.live, pytest.mark.timeout(240)]

CANARY = "c4n4ry-of-another"
OUTSIDE = "/srv/outside"
NAMES = ("config.v2.json", "hostconfig.json", "opts.json", "repositories.json", "link", "lower", "size", "cache-id")
PLANTED = {
    "layer links": ("overlay2/*/link", "overlay2/*/lower", "overlay2/l/*"),
    "layer directories": ("overlay2/*/diff", "overlay2/*/work", "overlay2/*-init"),
    "container files": ("containers/*/config.v2.json", "containers/*/hostconfig.json", "containers/*/*-json.log"),
    "containers": ("containers/*",),
    "volumes": ("volumes/scratch/opts.json", "volumes/data", "volumes/metadata.db"),
    "networks": ("network/files/local-kv.db",),
    "images": (f"{STORE}/repositories.json", f"{STORE}/imagedb/content/sha256/*"),
    "layer records": tuple(
        f"{STORE}/layerdb/sha256/*/{name}" for name in ("diff", "size", "cache-id", "tar-split.json.gz")
    ),
    "mount records": (f"{STORE}/layerdb/mounts/*/mount-id", f"{STORE}/layerdb/mounts/*/init-id"),
    "record directories": (f"{STORE}/layerdb/sha256/*", f"{STORE}/layerdb/mounts/*", f"{STORE}/layerdb"),
    "databases": ("buildkit/*.db", "containerd/daemon/io.containerd.metadata.v1.bolt/meta.db"),
}
"""The directories that lie directly in the data root are not here: only root can make them links, and moves them so."""


def plant(top: Path, pattern: str) -> list[Path]:
    """Replace the first two files or directories of a pattern by links that lead out; return them."""
    planted = []
    for path in sorted(top.glob(pattern))[:2]:
        is_directory = path.is_dir() and not path.is_symlink()
        if is_directory:
            shutil.rmtree(path)
        else:
            path.unlink()
        name = path.name if path.name in NAMES else "file"
        path.symlink_to(f"{OUTSIDE}/directory" if is_directory else f"{OUTSIDE}/{name}")
        planted.append(path)
    return planted


@pytest.mark.parametrize("what", PLANTED)
def test_planted_links_lead_nowhere(can_box: None, what: str) -> None:
    """Scan, deep scan, plan and repair, as text, JSON and HTML: the files outside keep every byte, owner and time."""
    with Box(data_root=patient()) as box:
        for name in (*NAMES, "file", "directory/x-json.log", f"directory/{CANARY}", *(f"directory/{n}" for n in NAMES)):
            box.write(f"{OUTSIDE}/{name}", f'{{"{CANARY}": "{CANARY}"}}\n{CANARY}\n')
        box.run(["sh", "-c", f"chown -R 12:13 {OUTSIDE}; chmod -R u=rwX,go= {OUTSIDE}"])
        before = kit.files(box, "/srv")
        planted = [path for pattern in PLANTED[what] for path in plant(box.workdir / "docker", pattern)]
        assert planted
        for command in (
            ("scan", "-v", "--deep"),
            ("scan", "--format", "json", "--deep"),
            ("fix", "-v", "--allow", "destructive"),
            ("fix", "--apply", "--yes", "--allow", "destructive", "--format", "html"),
            ("scan", "--format", "html"),
        ):
            done = box.doctor(*command)
            said = done.stdout + done.stderr
            assert CANARY not in said, said[max(0, said.index(CANARY) - 300) :][:400]
            assert "Traceback" not in said
            assert "bug in doctor" not in said
        after = kit.files(box, "/srv")
        assert after == before, kit.words(after ^ before)
        if "there is no repair" not in box.doctor("undo", "--yes").stderr:
            assert kit.files(box, "/srv") == before


def test_a_directory_that_an_administrator_moved(can_box: None) -> None:
    """A link directly in the data root is followed, and what it names is guarded like the rest of it: nobody may hold it."""
    with Box(data_root=patient()) as box:
        top = box.workdir / "docker"
        box.run(["sh", "-c", "mkdir -p /srv && mv /var/lib/docker/volumes /srv/volumes"])
        (top / "volumes").symlink_to("/srv/volumes")
        box.start_dockerd()
        pids = box.pids("dockerd")
        box.write("/srv/volumes/scratch/opts.json", b"")
        assert "state/volume-opts-corrupt" in kit.ids(box)
        refused = box.doctor("fix", "state", "--apply", "--yes")
        assert refused.returncode == 5, refused.stdout + refused.stderr
        assert "/srv/volumes/scratch/opts.json" not in refused.stdout or "disruptive" in refused.stdout
        kit.repair(box, "state")
        assert box.pids("dockerd") != pids
        assert "tmpfs" in box.read("/srv/volumes/scratch/opts.json")
