"""A data root damaged in many places: the damage of each function, and what a scan must find then."""

import shutil
from collections.abc import Callable
from pathlib import Path

from tests.hosts import damage, places
from tests.hosts.places import NETWORKS, STORE, VOLUMES

Fault = Callable[[Path], None]
"""Damages a data root, identified by its name."""


def no_tags(top: Path) -> None:
    damage.empty(top / STORE / "repositories.json")


def no_layerdb(top: Path) -> None:
    for record in places.records(top):
        for name in ("diff", "size", "cache-id", "parent"):
            if (record / name).exists():
                damage.empty(record / name)


def no_links(top: Path) -> None:
    no_link_directory(top)
    for link in top.glob("overlay2/*/link"):
        damage.empty(link)


def no_link_directory(top: Path) -> None:
    shutil.rmtree(top / "overlay2/l")


def no_marks(top: Path) -> None:
    for mark in top.glob("overlay2/*/committed"):
        mark.unlink()


def garbage_networks(top: Path) -> None:
    damage.garble(top / NETWORKS)


def torn_networks(top: Path) -> None:
    damage.zero_newest_root(top / NETWORKS)


def no_networks(top: Path) -> None:
    (top / NETWORKS).unlink()


def volume_freelist(top: Path) -> None:
    damage.retype_freelist(top / VOLUMES)


def empty_options(top: Path) -> None:
    damage.empty(top / "volumes/scratch/opts.json")


def garbage_build_cache(top: Path) -> None:
    (top / "buildkit/cache.db").write_bytes(damage.noise(20_000))


def garbage_containerd(top: Path) -> None:
    damage.garble(next(top.glob("containerd/daemon/*/meta.db")))


def no_mount_record(top: Path) -> None:
    shutil.rmtree(places.mount_record(top, "made"))


def no_init_layer(top: Path) -> None:
    for record in (top / places.MOUNTS).iterdir():
        shutil.rmtree(top / "overlay2" / (record / "init-id").read_text())


def short_lowers(top: Path) -> None:
    for lower in top.glob("overlay2/*/lower"):
        lower.write_text(lower.read_text().partition(":")[0])


def nul_logs(top: Path) -> None:
    for log in top.glob("containers/*/*-json.log"):
        log.write_bytes(log.read_bytes() + bytes(300))


MENDED_ALONE: list[tuple[Fault, set[str]]] = [
    (no_tags, {"repositories-json-corrupt"}),
    (no_layerdb, {"layer-metadata-empty"}),
    (no_links, {"overlay2-link-broken"}),
    (no_link_directory, {"overlay2-link-broken"}),
    (short_lowers, {"overlay2-lower-wrong"}),
    (no_init_layer, {"overlay2-init-missing"}),
    (no_mount_record, {"layer-mount-corrupt"}),
    (garbage_networks, {"network-db-corrupt"}),
    (torn_networks, {"network-db-corrupt"}),
    (no_networks, {"network-db-missing"}),
    (volume_freelist, {"volume-db-corrupt"}),
    (empty_options, {"volume-opts-corrupt"}),
    (garbage_build_cache, {"buildkit-db-corrupt"}),
    (garbage_containerd, {"containerd-db-corrupt"}),
    (nul_logs, {"container-log-damaged"}),
]
"""Damage that is repaired without an earlier scan, and the findings of the state (without the area)."""


def configs(top: Path) -> None:
    for path in (top / "containers").glob(f"*/{places.CONFIG}"):
        damage.cut(path, path.stat().st_size - path.stat().st_size // 2)


def host_configs(top: Path) -> None:
    for path in (top / "containers").glob(f"*/{places.HOST_CONFIG}"):
        path.unlink()


def container_directories(top: Path) -> None:
    for path in (top / "containers").iterdir():
        shutil.rmtree(path)


def names_and_image_configs(top: Path) -> None:
    no_tags(top)
    for path in (top / STORE / "imagedb/content/sha256").iterdir():
        path.unlink()


def volume_database(top: Path) -> None:
    damage.garble(top / VOLUMES)


def options(top: Path) -> None:
    volume_database(top)
    empty_options(top)


def image_configs(top: Path) -> None:
    for path in (top / STORE / "imagedb/content/sha256").iterdir():
        damage.empty(path)


def mounts(top: Path) -> None:
    shutil.rmtree(top / places.MOUNTS)
    (top / places.MOUNTS).mkdir(mode=0o755)


def layers(top: Path) -> None:
    shutil.rmtree(top / places.RECORDS)
    (top / places.RECORDS).mkdir(mode=0o755)


def tar_splits(top: Path) -> None:
    for path in (top / places.RECORDS).glob("*/tar-split.json.gz"):
        damage.empty(path)


def engine_id(top: Path) -> None:
    damage.empty(top / "engine-id")


def image_store(top: Path) -> None:
    shutil.rmtree(top / "image")


def image_store_and_containers(top: Path) -> None:
    image_store(top)
    shutil.rmtree(top / "containers")


MENDED_WITH_BACKUP: list[Fault] = [
    image_store,
    image_store_and_containers,
    no_tags,
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
    garbage_networks,
    no_networks,
]
"""Damage that is repaired to the last name and label with an earlier scan."""


def break_all(top: Path, *faults: Fault) -> None:
    """Do several, and take the marks of finished layers."""
    for fault in faults:
        fault(top)
    no_marks(top)
