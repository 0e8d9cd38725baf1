"""Examines a containerd store whose list is lost: contents by digest, and references between them."""

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from doctor.collect.containerd.lists import DOCUMENT_BYTES
from doctor.engines.containerd import places as containerd
from doctor.facts.containerd.lists import ContainerdSnapshot
from doctor.facts.containers.containers import Containers
from doctor.formats.images.oci_digest import chain_ids, is_hex64
from doctor.formats.json_safe import load_object
from doctor.host.base import Host
from doctor.model.errors import FormatError
from doctor.model.missing import HostError, Missing
from doctor.model.paths import HostPath, join
from doctor.rebuild.containerd.records import OnDisk, children_of

_MAX_DOCUMENTS = 5000


def on_disk(
    host: Host,
    top: HostPath,
    snapshots: dict[str, ContainerdSnapshot],
    containers: Containers | Missing,
) -> OnDisk:
    """Return the content of a store."""
    blobs = join(top, containerd.BLOBS)
    sizes: dict[str, int] = {}
    documents: dict[str, dict[str, Any]] = {}
    for digits in _files(host, blobs):
        path = join(blobs, digits)
        try:
            found = host.lstat(path, follow=False)
            if found.kind != "f":
                continue
            sizes[digits] = found.size
            document = _document(host, path, digits) if len(documents) < _MAX_DOCUMENTS else None
        except HostError:
            continue
        if document is not None:
            documents[digits] = document
    tops, diffs = _layers(documents)
    recorded: dict[str, set[str]] = {}
    for one in containers.items if isinstance(containers, Containers) else ():
        digits = one.image_id.removeprefix("sha256:")
        name = full_name(one.image)
        if name and digits in documents:
            recorded.setdefault(name, set()).add(digits)
    return OnDisk(
        sizes=sizes,
        documents=documents,
        tops=tops,
        diffs=diffs,
        snapshots=snapshots,
        # A tag may have moved since: it is used only if all containers agree.
        names={name: next(iter(images)) for name, images in recorded.items() if len(images) == 1},
        containers=frozenset(containers.directories) if isinstance(containers, Containers) else frozenset(),
        now=host.now(),
    )


def _files(host: Host, blobs: HostPath) -> Iterator[str]:
    try:
        yield from sorted(name for name, _ in host.scandir(blobs, follow=False) if is_hex64(name))
    except HostError:
        return


def _document(host: Host, path: HostPath, digits: str) -> dict[str, Any] | None:
    """Return a content that is a JSON object with the digest of its name."""
    if host.lstat(path, follow=False).size > DOCUMENT_BYTES:
        return None
    data = host.read(path, follow=False, limit_bytes=DOCUMENT_BYTES)
    if data.lstrip()[:1] != b"{" or sha256(data).hexdigest() != digits:
        return None
    try:
        return load_object(data)
    except FormatError:
        return None


def _layers(documents: dict[str, dict[str, Any]]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the topmost chain ID by config, and the diff ID by layer, of all manifests whose config exists."""
    tops: dict[str, str] = {}
    diffs: dict[str, str] = {}
    for document in documents.values():
        children = children_of(document) if isinstance(document.get("layers"), list) else []
        rootfs = documents.get(children[0], {}).get("rootfs") if children else None
        ids = rootfs.get("diff_ids") if isinstance(rootfs, dict) else None
        if not isinstance(ids, list) or len(ids) != len(children) - 1 or not all(isinstance(one, str) for one in ids):
            continue
        kinds = [str(one.get("mediaType", "")) for one in document["layers"] if isinstance(one, dict)]
        if any("in-toto" in kind for kind in kinds):
            continue
        try:
            chains = chain_ids(ids)
        except FormatError:
            continue
        diffs.update(zip(children[1:], ids, strict=True))
        tops[children[0]] = chains[-1].partition(":")[2] if chains else ""
    return tops, diffs


def full_name(reference: str) -> str:
    """Return the full name that containerd uses for a reference, "" for an image id.

    >>> full_name("app"), full_name("me/app:1"), full_name("localhost:5000/app:1"), full_name("sha256:00")
    ('docker.io/library/app:latest', 'docker.io/me/app:1', 'localhost:5000/app:1', '')
    """
    if not reference or reference.startswith("sha256:") or "@" in reference or is_hex64(reference):
        return ""
    first, slash, _ = reference.partition("/")
    if not slash:
        reference = f"docker.io/library/{reference}"
    elif "." not in first and ":" not in first and first != "localhost":
        reference = f"docker.io/{reference}"
    return reference if ":" in reference.rpartition("/")[2] else f"{reference}:latest"
