"""Salvages images of containerd's store: every blob is proven by its name, and ``meta.db`` lists the images.

Layout: containerd core/metadata/buckets.go (``v1/NAMESPACE/images/NAME/target``) and plugins/content/local. If
``meta.db`` can't be read, images are found by their manifests, without their names.
"""

from msgspec import Struct

from doctor.engines.containerd import places as containerd
from doctor.engines.docker import places as docker
from doctor.facts.containerd.service import ContainerdService
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.images.images import familiar
from doctor.formats.databases import bolt
from doctor.formats.images.oci_digest import is_hex64
from doctor.formats.json_safe import load_object
from doctor.host.base import Host
from doctor.model.errors import FormatError
from doctor.model.missing import HostError
from doctor.model.paths import HostPath, join
from doctor.salvage.blobs import DOCUMENT_BYTES, Stored, children
from doctor.salvage.results import Left


class FoundImages(Struct, frozen=True, kw_only=True):
    """The images in the stores of a host; ``notes`` are remarks on the lists."""

    images: tuple[Stored, ...]
    left: tuple[Left, ...] = ()
    notes: tuple[str, ...] = ()


def read(host: Host, root: DataRoot, service: ContainerdService) -> FoundImages:
    """Return the images of the engine's own containerd and of a separate service."""
    images: dict[tuple[str, str], set[str]] = {}
    left = [Left(kind="data", name="containerd", reason=gap.reason, is_unread=True) for gap in service.gaps]
    notes: list[str] = []
    for top in dict.fromkeys((root.at(docker.OWN_CONTAINERD), service.resolved)):
        blobs = join(top, containerd.BLOBS)
        try:
            present = sorted(name for name, _ in host.scandir(blobs, follow=False) if is_hex64(name))
        except HostError as error:
            if not error.is_absent:
                left.append(Left(kind="data", name="containerd", reason=str(error), is_unread=True))
            continue
        if not present:
            continue
        names, problem = _records(host, join(top, containerd.METADATA_DATABASE))
        if problem:
            names = {identity: set() for identity in _roots(host, blobs, present)}
            if names:
                notes.append(
                    f"images of containerd have lost their names: {join(top, containerd.METADATA_DATABASE)}: {problem}"
                )
        for identity, known in names.items():
            images.setdefault((identity, blobs), set()).update(known)
    return FoundImages(
        images=tuple(
            Stored(id=identity, names=tuple(sorted(names)), blobs=HostPath(blobs))
            for (identity, blobs), names in sorted(images.items())
        ),
        left=tuple(left),
        notes=tuple(notes),
    )


def _records(host: Host, path: HostPath) -> tuple[dict[str, set[str]], str]:
    """Return digits → names of all namespaces, and why the names are unknown, "" if they are known."""
    try:
        database = bolt.read(host.read(path, follow=False, limit_bytes=bolt.MAX_BYTES))
    except (HostError, FormatError) as error:
        return {}, str(error)
    best = database.best
    if best is None:
        return {}, "it has no intact tree" if not database.is_empty else "it is empty"
    found: dict[str, set[str]] = {}
    version = best.root.at("v1")
    for namespace in (version.buckets if version is not None else {}).values():
        images = namespace.at("images")
        for name, image in (images.buckets if images is not None else {}).items():
            target = image.at("target")
            digest = (target.keys.get(b"digest", b"") if target is not None else b"").decode("ascii", "replace")
            if is_hex64(digest.removeprefix("sha256:")):
                reference = name.decode("utf-8", "replace")
                known = found.setdefault(digest.removeprefix("sha256:"), set())
                # Untagged images have names as "moby-dangling@sha256:…": not a name that a user gave.
                if "@" not in reference and familiar(reference):
                    known.add(familiar(reference))
    return found, "" if found else "it has no image"


def _roots(host: Host, blobs: HostPath, present: list[str]) -> list[str]:
    """Return the indexes and manifests that no index names."""
    named: set[str] = set()
    documents: list[str] = []
    for identity in present:
        path = join(blobs, identity)
        try:
            if host.lstat(path, follow=False).size > DOCUMENT_BYTES:
                continue
            document = load_object(host.read(path, follow=False, limit_bytes=DOCUMENT_BYTES))
        except (HostError, FormatError):
            continue
        if isinstance(document.get("manifests"), list):
            named.update(digits for digits, _ in children(document))
            documents.append(identity)
        elif isinstance(document.get("layers"), list) and isinstance(document.get("config"), dict):
            documents.append(identity)
    return [identity for identity in documents if identity not in named]
