"""Data roots made by hand: one image of any storage driver, with a real tar-split and a real digest."""

import gzip
import io
import json
import os
import tarfile
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

from doctor.engines.docker.salvage.store import PLACES
from doctor.formats.crc import crc64
from doctor.host.recorded import RootHost
from doctor.salvage.results import SalvageOutcome
from doctor.salvage.salvaging import Wish, salvage


class MadeRoot:
    """A root directory with ``var/lib/docker`` in it; layers are given as name → content."""

    def __init__(self, top: Path, driver: str = "overlay2") -> None:
        self.top = top
        self.driver = driver
        self.data = top / "var/lib/docker"
        self.store = self.data / "image" / driver
        self.tags: dict[str, str] = {}
        self.data.mkdir(parents=True)
        (self.data / "engine-id").write_text("11111111-2222-3333-4444-555555555555")

    def layer(self, number: int, files: dict[str, bytes], parent: str = "") -> tuple[str, str]:
        """Write one layer; return its diff id and chain id."""
        tar, split = tar_of(files)
        diff = "sha256:" + sha256(tar).hexdigest()
        chain = "sha256:" + sha256(f"{parent} {diff}".encode()).hexdigest() if parent else diff
        cache = f"{number:064x}"
        record = self.store / "layerdb/sha256" / chain[7:]
        record.mkdir(parents=True)
        (record / "cache-id").write_text(cache)
        (record / "diff").write_text(diff)
        (record / "size").write_text("1")
        if parent:
            (record / "parent").write_text(parent)
        (record / "tar-split.json.gz").write_bytes(split)
        top = self.directory(number)
        top.mkdir(parents=True)
        for name, content in files.items():
            (top / name).parent.mkdir(parents=True, exist_ok=True)
            (top / name).write_bytes(content)
        return diff, chain

    def large_layer(self, number: int, name: str, size: int) -> str:
        """Write a layer of one file of ``size`` bytes, whole MiB, no two blocks of which are the same; return its diff id."""
        _, chain = self.layer(number, {name: b""})
        header = tarfile.TarInfo(name)
        header.size = size
        head, end = header.tobuf(), bytes(-size % 512 + 1024)
        lines = (
            raw(head) + json.dumps({"type": 1, "name": name, "size": size, "position": 0}).encode() + b"\n" + raw(end)
        )
        digest = sha256(head)
        with (self.directory(number) / name).open("wb") as stream:
            for _ in range(size >> 20):
                piece = os.urandom(1 << 20)
                digest.update(piece)
                stream.write(piece)
        digest.update(end)
        diff = "sha256:" + digest.hexdigest()
        self.split(chain).write_bytes(gzip.compress(lines))
        (self.store / "layerdb/sha256" / chain[7:]).rename(self.store / "layerdb/sha256" / diff[7:])
        return diff

    def directory(self, number: int) -> Path:
        """Where the files of a layer are."""
        return self.data / PLACES[self.driver].format(f"{number:064x}")

    def split(self, chain: str) -> Path:
        """A layer's tar-split."""
        return self.store / "layerdb/sha256" / chain[7:] / "tar-split.json.gz"

    def image(self, diffs: list[str], *names: str) -> str:
        """Write an image's config and its names; return its id."""
        config = json.dumps({"rootfs": {"type": "layers", "diff_ids": diffs}, "config": {"Cmd": ["/a"]}}).encode()
        identity = sha256(config).hexdigest()
        place = self.store / "imagedb/content/sha256" / identity
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(config)
        self.tags.update(dict.fromkeys(names, f"sha256:{identity}"))
        repositories: dict[str, dict[str, str]] = {}
        for name, digest in self.tags.items():
            repositories.setdefault(name.rpartition(":")[0], {})[name] = digest
        (self.store / "repositories.json").write_text(json.dumps({"Repositories": repositories}))
        return identity


def tar_of(files: dict[str, bytes]) -> tuple[bytes, bytes]:
    """Return a tar and the tar-split of it."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    whole = out.getvalue()
    lines, position = [], 0
    for name, content in files.items():
        start = whole.index(content, position) if content else position
        lines.append(raw(whole[position:start]))
        lines.append(entry(name, content))
        position = start + len(content)
    lines.append(raw(whole[position:]))
    return whole, gzip.compress(b"".join(lines))


def raw(piece: bytes) -> bytes:
    """A line of raw bytes."""
    return json.dumps({"type": 2, "payload": b64encode(piece).decode(), "position": 0}).encode() + b"\n"


def entry(name: str, content: bytes, size: int | None = None) -> bytes:
    """A line of a file."""
    crc = b64encode(crc64(content).to_bytes(8, "big")).decode()
    fields = {"type": 1, "name": name, "size": len(content) if size is None else size, "payload": crc, "position": 0}
    return json.dumps(fields).encode() + b"\n"


def trees_of(root: MadeRoot, to: Path, *, shared: bool = False) -> SalvageOutcome:
    """Salvage volumes and containers, and no image."""
    return salvage(
        RootHost(str(root.top)), Wish(to=str(to), volumes=True, containers=True, shared=shared), lambda _: None
    )
