"""Where things stand in a data root of overlay2, found as dockerd finds them: by names, records and short names.

Every function takes the data root (`Box.data_root`) and reads it again, so each finds what is there now.
"""

import json
import os
import stat
from pathlib import Path

STORE = "image/overlay2"
RECORDS = f"{STORE}/layerdb/sha256"
MOUNTS = f"{STORE}/layerdb/mounts"
NETWORKS = "network/files/local-kv.db"
VOLUMES = "volumes/metadata.db"
CONFIG = "config.v2.json"
HOST_CONFIG = "hostconfig.json"

Entry = tuple[object, ...]
"""Mode, owner, group, device, count of a file's links, content or link target, and extended attributes."""


def records(top: Path) -> list[Path]:
    """The records of all image layers."""
    return sorted((top / RECORDS).iterdir())


def layer_directory(top: Path, record: Path) -> Path:
    """The directory that a layer's record names."""
    return top / "overlay2" / (record / "cache-id").read_text()


def layers(top: Path) -> list[Path]:
    """The files of all image layers."""
    return sorted(layer_directory(top, record) / "diff" for record in records(top))


def container(top: Path, name: str) -> Path:
    """The directory of a container; those whose config is empty have no name."""
    for place in sorted((top / "containers").iterdir()):
        config = place / CONFIG
        if config.exists() and json.loads(config.read_text() or "{}").get("Name") == f"/{name}":
            return place
    raise LookupError(name)


def mount_record(top: Path, name: str) -> Path:
    """The mount record of a container, also where it is gone."""
    return top / MOUNTS / container(top, name).name


def writable(top: Path, name: str) -> Path:
    """The directory of a container's own layer."""
    return top / "overlay2" / (mount_record(top, name) / "mount-id").read_text()


def init_layer(top: Path, name: str) -> Path:
    """The directory of a container's -init layer."""
    return top / "overlay2" / (mount_record(top, name) / "init-id").read_text()


def below(top: Path, directory: Path, place: int) -> Path:
    """The directory of the layer at a place in another one's list of lower layers: 0 is next below it, -1 the lowest."""
    return (top / "overlay2" / (directory / "lower").read_text().split(":")[place]).resolve().parent


def image_config(top: Path, reference: str) -> Path:
    """The config of an image by its name."""
    tags = json.loads((top / STORE / "repositories.json").read_text())["Repositories"]
    digest = str(tags[reference.partition(":")[0]][reference])
    return top / STORE / "imagedb/content/sha256" / digest.removeprefix("sha256:")


def entries(top: Path) -> dict[str, Entry]:
    """Every entry beneath a directory by its name, with all that counts but times; doctor's quarantine is left out."""
    found: dict[str, Entry] = {}
    for path in sorted(top.rglob("*")):
        name = str(path.relative_to(top))
        if not name.startswith(".doctor-quarantine"):
            found[name] = entry(path)
    return found


def entry(path: Path) -> Entry:
    """All that counts of one entry."""
    about = path.lstat()
    content: object = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
    keys = os.listxattr(path, follow_symlinks=False)
    xattrs = {key: os.getxattr(path, key, follow_symlinks=False) for key in keys}
    links = 1 if stat.S_ISDIR(about.st_mode) else about.st_nlink
    return about.st_mode, about.st_uid, about.st_gid, about.st_rdev, links, content, xattrs
