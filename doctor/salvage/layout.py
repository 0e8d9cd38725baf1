"""Builds the documents of an OCI layout, and those that ``docker load`` reads. No I/O.

Sources: OCI image specification 1.1 (image-layout, manifest, annotations); moby image/tarexport/load.go.
"""

import json
from collections.abc import Iterable
from typing import Any

from doctor.facts.images.images import repository_of
from doctor.salvage.results import Blob, Written

OCI_LAYOUT = b'{"imageLayoutVersion":"1.0.0"}'
REF_NAME = "org.opencontainers.image.ref.name"
CONTAINERD_NAME = "io.containerd.image.name"
"""The name that containerd's store, and dockerd on it, give an imported image: the full reference with its registry."""
UNPROVEN = "io.doctor.salvage.unproven"
ORIGINAL = "io.doctor.salvage.original"

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar"
_TAG_LIMIT = 128


def encoded(document: Any) -> bytes:
    """Return compact JSON, deterministic."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "backslashreplace")


def manifest(config: Blob, layers: Iterable[Blob], annotations: dict[str, str]) -> bytes:
    """Return an image's manifest; a layer that is stored compressed is gzip."""
    document = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST,
        "config": {"mediaType": _CONFIG, "digest": config.digest, "size": config.size},
        "layers": [
            {
                "mediaType": _LAYER if layer.digest == layer.diff else f"{_LAYER}+gzip",
                "digest": layer.digest,
                "size": layer.size,
            }
            for layer in layers
        ],
    }
    if annotations:
        document["annotations"] = annotations
    return encoded(document)


def notes(unproven: str, original: str) -> dict[str, str]:
    """Return the annotations that mark an image as unproven; none for a proven one."""
    return {UNPROVEN: unproven, ORIGINAL: f"sha256:{original}"} if unproven else {}


def index(images: Iterable[Written]) -> bytes:
    """Return ``index.json``: an entry for each name of each image, and one for an image without any."""
    entries = []
    for image in images:
        for name in image.names or ("",):
            annotations = notes(image.unproven, image.original)
            if name:
                annotations |= {CONTAINERD_NAME: normal(name), REF_NAME: name}
            top = image.target or image.manifest
            entry: dict[str, Any] = {"mediaType": image.media_type, "digest": top.digest, "size": top.size}
            if annotations:
                entry["annotations"] = annotations
            entries.append(entry)
    return encoded(
        {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": entries},
    )


def normal(reference: str) -> str:
    """Return a reference with its registry, as containerd writes it.

    >>> normal("app:1"), normal("me/app:1"), normal("localhost:5000/app:1")
    ('docker.io/library/app:1', 'docker.io/me/app:1', 'localhost:5000/app:1')
    """
    first, slash, _ = reference.partition("/")
    if not slash:
        return f"docker.io/library/{reference}"
    return reference if "." in first or ":" in first or first == "localhost" else f"docker.io/{reference}"


def docker_manifest(images: Iterable[Written]) -> bytes:
    """Return the ``manifest.json`` of ``docker load``: paths in the same tar; layers may be compressed."""
    return encoded(
        [
            {
                "Config": path_of(image.config),
                "RepoTags": list(image.names) or None,
                "Layers": [path_of(layer) for layer in image.layers],
            }
            for image in images
        ]
    )


def docker_repositories(images: Iterable[Written]) -> bytes:
    """Return the legacy ``repositories``: repository → tag → last layer, as ``docker save`` writes it."""
    found: dict[str, dict[str, str]] = {}
    for image in images:
        for name in image.names if image.layers else ():
            repository = repository_of(name)
            found.setdefault(repository, {})[name[len(repository) + 1 :]] = image.layers[-1].digest[7:]
    return encoded(found)


def path_of(blob: Blob) -> str:
    """Return where a blob is in the layout.

    >>> path_of(Blob(digest="sha256:00", size=1))
    'blobs/sha256/00'
    """
    return f"blobs/{blob.digest.replace(':', '/', 1)}"


def marked(reference: str) -> str:
    """Return the name of an unproven image: it must not be taken for the original.

    >>> marked("app:latest")
    'app:latest-unproven'
    """
    repository = repository_of(reference)
    return f"{repository}:{reference[len(repository) + 1 :][: _TAG_LIMIT - 9]}-unproven"


def with_diff_ids(config: bytes, diff_ids: Iterable[str]) -> bytes:
    """Return a config with other layers, which gives the image another id."""
    document = json.loads(config)
    document["rootfs"] = {**document.get("rootfs", {}), "type": "layers", "diff_ids": list(diff_ids)}
    return encoded(document)
