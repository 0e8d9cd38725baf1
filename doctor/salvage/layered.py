"""Builds images of containers: the container's image with its changes as one more layer, like ``docker commit``. The
last layer can't be proven; the ones below are proven as in any image.
"""

import os
from contextlib import suppress
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from doctor.formats.images.oci_digest import chain_ids, is_digest
from doctor.formats.json_safe import load_object
from doctor.model.errors import FormatError
from doctor.salvage import layout
from doctor.salvage.reader import Upper
from doctor.salvage.results import Blob, Written, WrittenTree
from doctor.salvage.target import Target

REPOSITORY = "salvaged-container"
"""Repository name of images of containers; the tag is the container's name, which is always a valid tag."""

_TAG_LIMIT = 128
_DOCUMENT_BYTES = 16 << 20
_LAYER = "application/vnd.oci.image.layer.v1.tar"
_DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar"


class Base(Struct, frozen=True, kw_only=True):
    """An image of containers: its documents, and the digests of its layers' tars."""

    image: Written
    config: dict[str, Any]
    manifest: dict[str, Any]
    diff_ids: tuple[str, ...]


class Layered:
    """Builds images of the containers if their image is in the salvage."""

    def __init__(self, target: Target, images: tuple[Written, ...]) -> None:
        self.target = target
        self.by_chain: dict[str, Base] = {}
        self.by_id: dict[str, Base] = {}
        for image in images:
            base = None if image.unproven else self._base(image)
            if base is not None:
                self.by_id[f"sha256:{image.id}"] = base
                self.by_chain["".join(chain_ids(base.diff_ids)[-1:]).removeprefix("sha256:")] = base

    def _base(self, image: Written) -> Base | None:
        """Return an image's documents; ``None`` if its config doesn't list the layers of its manifest."""
        config, manifest = self._document(image.config), self._document(image.manifest)
        rootfs = config.get("rootfs")
        listed = rootfs.get("diff_ids") if isinstance(rootfs, dict) else None
        diff_ids = tuple(one for one in listed if isinstance(one, str) and is_digest(one)) if listed else ()
        layers = manifest.get("layers")
        if not isinstance(layers, list) or len(layers) != len(diff_ids):
            return None
        return Base(image=image, config=config, manifest=manifest, diff_ids=diff_ids)

    def _document(self, blob: Blob) -> dict[str, Any]:
        with suppress(OSError, FormatError):
            descriptor = self.target.open_blob(blob)
            with open(descriptor, "rb") as stream:
                return load_object(stream.read(_DOCUMENT_BYTES))
        return {}

    def image(self, upper: Upper, tree: WrittenTree, digest: str) -> Written | None:
        """Return the image of a container with a written layer; ``None`` if its base image is not in the salvage."""
        image_id = upper.container.image_id if upper.container is not None else ""
        base = self.by_id.get(image_id) or (self.by_chain.get(upper.parent) if upper.parent else None)
        if base is None or not self._link(tree, digest):
            return None
        layer = Blob(digest=f"sha256:{digest}", size=tree.size, diff=f"sha256:{digest}")
        history = base.config.get("history")
        made = {"created_by": f"doctor salvage: changes of container {tree.name}"}
        config = {
            **base.config,
            "rootfs": {"type": "layers", "diff_ids": [*base.diff_ids, layer.diff]},
            "history": [*(history if isinstance(history, list) else ()), made],
        }
        stored = self.target.blob(layout.encoded(config))
        kind = str(base.manifest.get("mediaType") or base.image.media_type)
        manifest = {
            **base.manifest,
            "config": {**base.manifest["config"], "digest": stored.digest, "size": stored.size},
            "layers": [
                *base.manifest["layers"],
                {
                    "mediaType": _DOCKER_LAYER if kind == _DOCKER_MANIFEST else _LAYER,
                    "digest": layer.digest,
                    "size": layer.size,
                },
            ],
        }
        return replace(
            base.image,
            id=stored.digest[7:],
            names=(f"{REPOSITORY}:{tree.name[:_TAG_LIMIT]}",),
            config=stored,
            layers=(*base.image.layers, layer),
            manifest=self.target.blob(layout.encoded(manifest)),
            target=None,
            media_type=kind,
            others=(),
            container=tree.name,
        )

    def _link(self, tree: WrittenTree, digest: str) -> bool:
        """Link the layer's tar into the blobs, without a second copy."""
        name = f"blobs/sha256/{digest}"
        try:
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=self.target.top)
            os.link(tree.file, name, src_dir_fd=self.target.top, dst_dir_fd=self.target.top, follow_symlinks=False)
        except OSError:
            return False
        return True
