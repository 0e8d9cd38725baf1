"""Copies images of a store whose blobs are named by their digest: each blob is proven by its name while it is copied."""

from collections.abc import Callable, Iterator
from typing import Any

from msgspec import Struct

from doctor.formats.images.oci_digest import is_hex64
from doctor.formats.json_safe import load_object
from doctor.host.base import Host
from doctor.model.errors import FormatError
from doctor.model.missing import HostError
from doctor.model.paths import HostPath, join
from doctor.salvage.layer import UnprovenError, chunks, unread
from doctor.salvage.results import Blob, Left, Written
from doctor.salvage.target import Target

DOCUMENT_BYTES = 4 << 20
"""The largest manifest that registries accept; a larger blob is a layer."""

_MAX_CHILDREN = 1000
_INDEX = "application/vnd.oci.image.index.v1+json"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


class Stored(Struct, frozen=True, kw_only=True):
    """An image record.

    Attributes:
        id: digits of the name's target digest: an index or a manifest.
        names: references.
        blobs: the directory of the blobs.
    """

    id: str
    names: tuple[str, ...] = ()
    blobs: HostPath

    @property
    def title(self) -> str:
        """Return its display name."""
        return self.names[0] if self.names else self.id[:12]


def children(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (digits, media type) of an index's manifests. Raises ``UnprovenError`` for an invalid descriptor."""
    for child in document.get("manifests", ())[:_MAX_CHILDREN]:
        if isinstance(child, dict):
            yield _digits(child), str(child.get("mediaType", ""))


def _digits(descriptor: Any) -> str:
    digest = descriptor.get("digest") if isinstance(descriptor, dict) else None
    return digest[7:] if isinstance(digest, str) and digest.startswith("sha256:") else ""


class Copier:
    """Copies images into a target."""

    def __init__(self, host: Host, target: Target, progress: Callable[[str], None]) -> None:
        self.host = host
        self.target = target
        self.progress = progress

    def image(self, image: Stored) -> Written | Left:
        """Copy an image, or say why it is left out."""
        try:
            top = self._document(image.blobs, image.id)
            manifests = tuple(self._manifests(image.blobs, image.id, top, 0))
            # Layers first: a layout never names a missing blob.
            parts = [(self._parts(image, manifest), self._blob(image, identity)) for identity, manifest in manifests]
            whole = self._blob(image, image.id)
        except UnprovenError as error:
            return Left(kind="image", name=image.title, reason=error.reason, is_unread=error.is_unread)
        if not parts:
            return Left(kind="image", name=image.title, reason="none of its manifests has its content here")
        (config, layers), manifest = parts[0]
        others = [blob for (one, more), own in parts[1:] for blob in (own, one, *more)]
        is_index = isinstance(top.get("manifests"), list)
        return Written(
            id=image.id,
            names=image.names,
            config=config,
            layers=layers,
            manifest=manifest,
            target=whole,
            media_type=str(top.get("mediaType") or (_INDEX if is_index else _MANIFEST)),
            others=tuple(others),
        )

    def _manifests(
        self, blobs: HostPath, identity: str, document: dict[str, Any], depth: int
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield (digits, manifest) of those that were pulled: other platforms have no manifest here, or no config."""
        if not isinstance(document.get("manifests"), list):
            config = _digits(document.get("config"))
            if not depth or self._is_there(blobs, config):
                yield identity, document
            return
        for digits, _ in children(document) if depth < 3 else ():
            if self._is_there(blobs, digits):
                yield from self._manifests(blobs, digits, self._document(blobs, digits), depth + 1)

    def _is_there(self, blobs: HostPath, digits: str) -> bool:
        try:
            return is_hex64(digits) and self.host.lstat(join(blobs, digits), follow=False).kind == "f"
        except HostError:
            return False

    def _document(self, blobs: HostPath, digits: str) -> dict[str, Any]:
        try:
            return load_object(self.host.read(join(blobs, digits), follow=False, limit_bytes=DOCUMENT_BYTES))
        except HostError as error:
            raise _gone(digits, error) from error
        except FormatError as error:
            raise UnprovenError(f"its manifest {digits[:12]} is corrupt: {error}") from error

    def _parts(self, image: Stored, manifest: dict[str, Any]) -> tuple[Blob, tuple[Blob, ...]]:
        layers = manifest.get("layers")
        config = self._blob(image, _digits(manifest.get("config")))
        return config, tuple(
            self._blob(image, _digits(layer)) for layer in (layers if isinstance(layers, list) else ())[:_MAX_CHILDREN]
        )

    def _blob(self, image: Stored, digits: str) -> Blob:
        if not is_hex64(digits):
            raise UnprovenError("its manifest has an entry that is not a sha256 digest")
        path = join(image.blobs, digits)
        try:
            size = self.host.lstat(path, follow=False).size
            found = self.target.copied(digits, chunks(self.host, path), size, f"blob {digits[:12]} of {image.title}")
        except HostError as error:
            raise _gone(digits, error) from error
        if found is None:
            raise UnprovenError(f"its blob sha256:{digits} is corrupt")
        return found


def _gone(digits: str, error: HostError) -> UnprovenError:
    return UnprovenError(f"its blob sha256:{digits} is missing") if error.is_absent else unread(error.missing)
