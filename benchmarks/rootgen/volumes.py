"""Volumes: directories with data, opts.json where there are options, and the records in metadata.db."""

import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from random import Random

from benchmarks.rootgen.bolt import database
from benchmarks.rootgen.disk import write_file


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """A local volume of the data root. One with options is a tmpfs."""

    name: str
    labels: dict[str, str]
    has_options: bool


def write_volumes(root: str, rng: Random, count: int) -> list[Volume]:
    """Write `count` volumes and their database: every fourth anonymous, every tenth with options."""
    folder = f"{root}/volumes"
    _device_node(folder)
    volumes = [_volume(rng, number) for number in range(count)]
    records: dict[bytes, bytes] = {}
    for volume in volumes:
        _write(folder, volume)
        options = {"device": "tmpfs", "type": "tmpfs"} if volume.has_options else None
        record = {"Name": volume.name, "Driver": "local", "Labels": volume.labels or None, "Options": options}
        records[volume.name.encode()] = json.dumps(record, separators=(",", ":")).encode()
    write_file(f"{folder}/metadata.db", database({b"volumes": records}), 0o600)
    return volumes


def _volume(rng: Random, number: int) -> Volume:
    if number % 4 == 3:
        return Volume(
            name=f"{rng.getrandbits(256):064x}", labels={"com.docker.volume.anonymous": ""}, has_options=False
        )
    labels = {"number": str(number)} if number % 3 == 0 else {}
    return Volume(name=f"data-{number:03}", labels=labels, has_options=number % 10 == 9)


def _write(folder: str, volume: Volume) -> None:
    path = Path(folder, volume.name)
    path.mkdir(0o701)
    data = path / "_data"
    data.mkdir(0o755)
    if volume.has_options:
        options = {"MountType": "tmpfs", "MountOpts": "", "MountDevice": "tmpfs", "Quota": {"Size": 0}}
        write_file(f"{path}/opts.json", json.dumps(options, separators=(",", ":")), 0o600)
        return
    for number in range(4):
        write_file(f"{data}/row-{number}.txt", f"{volume.name} {number}\n" * 20)


def _device_node(folder: str) -> None:
    """The node of the backing device, which dockerd's quota code makes where the file system has a block device."""
    device = Path(folder).stat().st_dev
    if os.major(device):
        os.mknod(f"{folder}/backingFsBlockDev", stat.S_IFBLK | 0o600, device)
