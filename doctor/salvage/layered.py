"""Images of containers: the image that a container was made from, with what it changed as one more layer, as ``docker commit``
would have made it. Nothing proves the last layer; the ones below are proven as those of any image.
"""

import os
from contextlib import suppress

from msgspec.structs import replace

from doctor.formats.json_safe import load_object
from doctor.formats.oci_digest import chain_ids
from doctor.model.errors import FormatError
from doctor.salvage import layout
from doctor.salvage.target import Target
from doctor.salvage.uppers import Upper
from doctor.salvage.values import Blob, Tree, Written

REPOSITORY = "salvaged-container"
"""Images of containers get this name, with the container's as the tag: every container's name is a valid tag."""

_TAG_LIMIT = 128
_CONFIG_BYTES = 16 << 20


class Layered:
    """Makes images of the containers whose image is in the salvage."""

    def __init__(self, target: Target, images: tuple[Written, ...]) -> None:
        self.target = target
        self.by_chain: dict[str, tuple[Written, dict[str, object]]] = {}
        self.by_id: dict[str, tuple[Written, dict[str, object]]] = {}
        for image in images:
            # Layers of containerd's store are copied as they are, in whatever compression; their tars' digests aren't known.
            if image.unproven or not all(layer.diff for layer in image.layers):
                continue
            config = self._config(image.config)
            chain = chain_ids(tuple(layer.diff for layer in image.layers))
            if config is not None:
                self.by_id[f"sha256:{image.id}"] = image, config
                self.by_chain[chain[-1].removeprefix("sha256:") if chain else ""] = image, config

    def _config(self, blob: Blob) -> dict[str, object] | None:
        with suppress(OSError, FormatError):
            descriptor = self.target.open_blob(blob)
            with open(descriptor, "rb") as stream:
                return load_object(stream.read(_CONFIG_BYTES))
        return None

    def image(self, upper: Upper, tree: Tree, digest: str) -> Written | None:
        """Return the image of a container whose layer was written; ``None`` where its image is not in the salvage."""
        image_id = upper.container.image_id if upper.container is not None else ""
        found = self.by_id.get(image_id) or (self.by_chain.get(upper.parent) if upper.parent else None)
        if found is None or not self._link(tree, digest):
            return None
        image, config = found
        layer = Blob(digest=f"sha256:{digest}", size=tree.size, diff=f"sha256:{digest}")
        layers = (*image.layers, layer)
        history = config.get("history")
        made = {"created_by": f"doctor salvage: what container {tree.name} changed"}
        document = {
            **config,
            "rootfs": {"type": "layers", "diff_ids": [one.diff for one in layers]},
            "history": [*(history if isinstance(history, list) else ()), made],
        }
        stored = self.target.blob(layout.encoded(document))
        written = self.target.blob(layout.manifest(stored, layers, {}))
        return replace(
            image,
            id=stored.digest[7:],
            names=(f"{REPOSITORY}:{tree.name[:_TAG_LIMIT]}",),
            config=stored,
            layers=layers,
            manifest=written,
            container=tree.name,
        )

    def _link(self, tree: Tree, digest: str) -> bool:
        """Give the layer's tar its name among the blobs too; no second copy of it is made."""
        name = f"blobs/sha256/{digest}"
        try:
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=self.target.top)
            os.link(tree.file, name, src_dir_fd=self.target.top, dst_dir_fd=self.target.top, follow_symlinks=False)
        except OSError:
            return False
        return True
