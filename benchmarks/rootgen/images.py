"""Images: configs named by their hash, tags, and what a pull leaves in `distribution`."""

import hashlib
import json
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.rootgen.clock import at, stamp
from benchmarks.rootgen.disk import write_file
from benchmarks.rootgen.layers import Layer, LayerWriter
from benchmarks.rootgen.tree import Builder

_ENVIRONMENT = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"]
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
# overlay2 takes at most 128 lower directories, and Docker allows 125 layers (moby/moby:layer/layer_store.go).
_DEEPEST_PARENT = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image of the data root: its id, its first tag ("" for none), its top layer and when it was made."""

    image_id: str
    tag: str
    top: Layer
    config: dict[str, Any]


class ImageWriter:
    """Writes images into one data root, and repositories.json when all are there."""

    def __init__(self, root: str, rng: Random, builder: Builder, *, engine: str) -> None:
        self._store = f"{root}/image/overlay2"
        self._rng = rng
        self._builder = builder
        self._layers = LayerWriter(root, rng)
        self._engine = engine
        self._written = 0
        self._repositories: dict[str, dict[str, str]] = {}

    def write_all(self, images: int, layers: int) -> list[Image]:
        """Write that many images with together exactly that many layers: a twentieth are bases, the others stand on them."""
        bases = max(1, images // 20)
        spare = layers - images
        made: list[Image] = []
        for number in range(images):
            if number < bases:
                made.append(self._image(number, None, 1 if images > bases else 1 + spare // bases))
                continue
            left = images - number
            extra = spare if left == 1 else self._rng.randint(0, min(spare, 2 * spare // left))
            spare -= extra
            made.append(self._image(number, self._parent(made, bases), 1 + extra))
        text = json.dumps({"Repositories": dict(sorted(self._repositories.items()))}, separators=(",", ":"))
        write_file(f"{self._store}/repositories.json", text, 0o600)
        return made

    def _parent(self, made: list[Image], bases: int) -> Image:
        found = self._rng.choice(made if self._rng.random() < 0.3 else made[:bases])
        return found if len(found.top.diff_ids) <= _DEEPEST_PARENT else made[0]

    def _image(self, number: int, parent: Image | None, own_layers: int) -> Image:
        top = parent.top if parent is not None else None
        history = list(parent.config["history"]) if parent is not None else []
        for index in range(own_layers):
            top = self._layer(top, index)
            command = f"/bin/sh -c #(nop) COPY dir:{top.diff_id[7:23]} in /srv "
            history.append({"created": stamp(self._written), "created_by": command})
        if top is None:
            message = "an image has at least one layer"
            raise ValueError(message)
        history.append({"created": stamp(self._written), "created_by": 'CMD ["sh"]', "empty_layer": True})
        config = {
            "architecture": _ARCHITECTURES.get(platform.machine(), platform.machine()),
            "config": run_config(_ENVIRONMENT, ["sh"], labels={"generated": "yes", "number": str(number)}),
            "created": stamp(self._written),
            "docker_version": self._engine,
            "history": history,
            "os": "linux",
            "rootfs": {"type": "layers", "diff_ids": list(top.diff_ids)},
        }
        return self._store_image(number, config, top, parent)

    def _layer(self, parent: Layer | None, index: int) -> Layer:
        self._written += 1
        number, when = self._written, at(self._written)
        if parent is None:
            entries, visible = self._builder.base(number, when)
        elif index and number % 25 == 0:
            entries, visible = [], parent.visible  # the empty layer: one diff id under many chain ids
        else:
            entries, visible = self._builder.upper(number, parent.visible, when)
        return self._layers.layer(entries, parent, visible)

    def _store_image(self, number: int, config: dict[str, Any], top: Layer, parent: Image | None) -> Image:
        text = json.dumps(config, separators=(",", ":"), ensure_ascii=False)
        digest = hashlib.sha256(text.encode()).hexdigest()
        write_file(f"{self._store}/imagedb/content/sha256/{digest}", text, 0o600)
        folder = Path(f"{self._store}/imagedb/metadata/sha256/{digest}")
        folder.mkdir(0o700)
        write_file(f"{folder}/lastUpdated", stamp(self._written), 0o600)
        pulled = number % 3 == 0
        if pulled:
            self._pulled(top)
        elif parent is not None:
            write_file(f"{folder}/parent", parent.image_id, 0o600)
        names = list(_names(number, digest, pulled=pulled))
        for repository, name in names:
            self._repositories.setdefault(repository, {})[name] = f"sha256:{digest}"
        tag = names[0][1] if names else ""
        return Image(image_id=f"sha256:{digest}", tag=tag, top=top, config=config)

    def _pulled(self, top: Layer) -> None:
        """The records of a pull: which blob was which layer, both ways (moby/moby:distribution/metadata/v2_metadata_service.go)."""
        diff_id, blob_id = top.diff_id, top.blob_id
        by_blob = Path(f"{self._store}/distribution/diffid-by-digest/sha256/{blob_id[7:]}")
        if by_blob.exists():
            return
        write_file(str(by_blob), diff_id)
        record = [{"Digest": blob_id, "SourceRepository": "docker.io/library/generated", "HMAC": ""}]
        by_diff = f"{self._store}/distribution/v2metadata-by-diffid/sha256/{diff_id[7:]}"
        write_file(by_diff, json.dumps(record, separators=(",", ":")))


def _names(number: int, digest: str, *, pulled: bool) -> Iterator[tuple[str, str]]:
    """Repository and reference of each name: every 17th image has none, pulled ones also a digest."""
    if number % 17 == 16:
        return
    repository = f"app-{number:03}"
    yield repository, f"{repository}:1.0"
    if number % 4 == 0:
        yield repository, f"{repository}:latest"
    if pulled:
        manifest = hashlib.sha256(f"manifest {digest}".encode()).hexdigest()
        yield repository, f"{repository}@sha256:{manifest}"


def run_config(environment: list[str], command: list[str], labels: dict[str, str], **more: Any) -> dict[str, Any]:
    """The `Config` of an image or a container, with the fields in dockerd's order."""
    return {
        "Hostname": more.get("hostname", ""),
        "Domainname": "",
        "User": "",
        "AttachStdin": False,
        "AttachStdout": False,
        "AttachStderr": False,
        **({"ExposedPorts": more["ports"]} if more.get("ports") else {}),
        "Tty": False,
        "OpenStdin": False,
        "StdinOnce": False,
        "Env": environment,
        "Cmd": command,
        "Image": more.get("image", ""),
        "Volumes": None,
        "WorkingDir": "",
        "Entrypoint": None,
        "OnBuild": None,
        "Labels": labels,
    }
