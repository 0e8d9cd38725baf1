"""Streams the whole layout as one tar that ``docker load``, ``podman load`` and ``skopeo oci-archive:`` read."""

import os
from collections.abc import Callable, Iterator
from tarfile import DIRTYPE, PAX_FORMAT, TarInfo

from doctor.salvage import layout
from doctor.salvage.results import Blob, Written
from doctor.salvage.target import Target

_BLOCK = 512
_CHUNK_BYTES = 1 << 20
_END = bytes(1024)


class Archive:
    """The tar of images with their blobs in a target."""

    def __init__(self, target: Target, images: tuple[Written, ...]) -> None:
        self.target = target
        self.documents = {
            "oci-layout": layout.OCI_LAYOUT,
            "index.json": layout.index(images),
            "manifest.json": layout.docker_manifest(images),
            "repositories": layout.docker_repositories(images),
        }
        self.blobs: dict[str, Blob] = {}
        for image in images:
            for blob in image.blobs:
                self.blobs[layout.path_of(blob)] = blob

    @property
    def size(self) -> int:
        """Bytes of the tar."""
        sizes = [len(content) for content in self.documents.values()] + [blob.size for blob in self.blobs.values()]
        return 2 * _BLOCK + sum(_BLOCK + size + -size % _BLOCK for size in sizes) + len(_END)

    def write(self, write: Callable[[bytes], object]) -> None:
        """Write it. Raises ``OSError``."""
        for name in ("blobs/", "blobs/sha256/"):
            write(_header(name, 0, 0o755))
        # The index of the blobs comes last, as in `docker save`.
        for name, blob in sorted(self.blobs.items()):
            write(_header(name, blob.size, 0o644))
            for chunk in self._content(blob):
                write(chunk)
            write(bytes(-blob.size % _BLOCK))
        for name, content in self.documents.items():
            write(_header(name, len(content), 0o644) + content + bytes(-len(content) % _BLOCK))
        write(_END)

    def _content(self, blob: Blob) -> Iterator[bytes]:
        descriptor = self.target.open_blob(blob)
        try:
            left = blob.size
            while left:
                chunk = os.read(descriptor, min(left, _CHUNK_BYTES))
                if not chunk:
                    raise OSError(0, f"{layout.path_of(blob)} was truncated meanwhile")
                left -= len(chunk)
                yield chunk
        finally:
            os.close(descriptor)


def _header(name: str, size: int, mode: int) -> bytes:
    info = TarInfo(name)
    info.size, info.mode = size, mode
    if name.endswith("/"):
        info.type = DIRTYPE
    return info.tobuf(PAX_FORMAT, "utf-8", "surrogateescape")
