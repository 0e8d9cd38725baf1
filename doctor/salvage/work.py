"""Runs one salvage."""

import os
import stat
import sys
from collections.abc import Callable

from msgspec import Struct, json
from msgspec.structs import replace

from doctor.facts.containerd.service import ContainerdService
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.images.images import familiar
from doctor.host.base import Host
from doctor.model.errors import DoctorError, RefusedError, UsageError
from doctor.model.missing import HostError, Missing
from doctor.salvage import containerd, layout, pools, store
from doctor.salvage.archive import Archive
from doctor.salvage.containerd import Copier, FoundImages, Stored
from doctor.salvage.images import Writer
from doctor.salvage.place import MARKER, Document, check_place, forbidden, held_by, identity, opened
from doctor.salvage.target import Sink, Target, need
from doctor.salvage.trees import TreeWriter
from doctor.salvage.values import Image, Left, SalvageOutcome, Written
from doctor.scan.resolve import Facts
from doctor.state.out import replacing

_GZIP_LEVEL = 6


class Wish(Struct, frozen=True, kw_only=True):
    """Options of a salvage.

    Attributes:
        to: the directory to write to.
        images: names or id prefixes; empty for all.
        tar: an additional file for ``docker load``, "-" for standard output, "" for none.
        volumes: whether to include volumes; ``containers``: writable layers.
        unproven: whether to include unproven data, marked so.
        compress: whether layers are written as gzip.
        shared: whether other users may read the result.
    """

    to: str
    images: tuple[str, ...] = ()
    tar: str = ""
    volumes: bool = False
    containers: bool = False
    unproven: bool = False
    compress: bool = False
    shared: bool = False


def salvage(host: Host, wish: Wish, progress: Callable[[str], None]) -> SalvageOutcome:
    """Run the salvage. Raises ``DoctorError``: usage, a refused target, a disk without enough space."""
    facts = Facts(host)
    root = facts.get(DataRoot)
    if isinstance(root, Missing):
        raise DoctorError(
            f"there is no data root to salvage from: {root.reason}",
            do="name the host's disk with --root DIR, or the engine's directory itself with --data-root DIR",
        )
    tops = forbidden(host, root)
    for path in filter(None, (wish.to, wish.tar.removeprefix("-"))):
        check_place(path, tops)
    if wish.tar not in {"", "-"} and not os.path.isdir(os.path.dirname(os.path.abspath(wish.tar))):
        raise UsageError("there is no such directory", where=wish.tar, do="choose another --tar FILE")
    pool, problem = pools.find(host, root)
    found = store.read(host, facts, pool.size if pool is not None else 0, problem)
    service = facts.get(ContainerdService)
    stored = containerd.read(host, root, ContainerdService() if isinstance(service, Missing) else service)
    chosen = choose((*found.images, *stored.images), wish.images)
    try:
        who = identity(host, root)
    except HostError as error:
        raise DoctorError(f"can't read the data root: {error}") from error
    with opened(wish.to, who, is_shared=wish.shared, level=_GZIP_LEVEL if wish.compress else 0) as (target, before):
        with pools.routed(host, pool, target, progress) as (reached, notes):
            outcome, trees = _fill(facts, Writer(reached, root, found, target, progress), chosen, stored, wish)
            outcome = replace(outcome, notes=(*outcome.notes, *notes))
        earlier = _earlier(target, before, outcome)
        target.put("index.json", layout.index((*outcome.images, *earlier)))
        whole = replace(outcome, images=(*outcome.images, *earlier))
        target.put(MARKER, json.encode(Document(root=who, outcome=whole)))
        if wish.tar:
            _archive(Archive(target, outcome.images), wish, progress)
        if trees.refused is not None:
            raise trees.refused
    return outcome


def _fill(
    facts: Facts, writer: Writer, chosen: tuple[Image | Stored, ...], stored: FoundImages, wish: Wish
) -> tuple[SalvageOutcome, TreeWriter]:
    """Write everything requested except the lists."""
    host, found, target = writer.host, writer.store, writer.target
    written, left = _images(writer, chosen, wish)
    notes = [*stored.notes, *([f"names of images{found.origin}"] if found.origin else [])]
    holder = held_by(facts.host, writer.root)
    if holder:
        notes.append(f"{holder} uses the data root: files that it changes meanwhile may be inconsistent")
    trees = TreeWriter(host, target, writer.progress, is_held=bool(holder))
    if wish.volumes:
        writer.progress("volumes")
        trees.volumes(facts)
    if wish.containers:
        writer.progress("writable layers of containers")
        trees.containers(facts, writer.root)
        written = (*written, *trees.images(written))
    gaps = {gap.reason: gap for gap in found.gaps}
    unread = tuple(Left(kind="data", name="part of the data root", reason=one, is_unread=True) for one in gaps)
    outcome = SalvageOutcome(
        images=written,
        trees=tuple(trees.trees),
        left=(*left, *(() if wish.images else (*found.left, *stored.left)), *unread, *trees.left),
        notes=tuple(notes),
        bytes_written=target.bytes_written,
        bytes_kept=target.bytes_kept,
    )
    return outcome, trees


def _earlier(target: Target, before: SalvageOutcome, now: SalvageOutcome) -> tuple[Written, ...]:
    """Return the images of an earlier salvage in the same directory that this one does not include."""
    mine = {one.id for one in now.images} | {one.original for one in now.images}
    names = {name for one in now.images for name in one.names}
    return tuple(
        one
        for one in before.images
        if not {one.id, one.original or one.id} & mine
        and not names.intersection(one.names)
        and all(target.has(blob) for blob in one.blobs)
    )


def choose(there: tuple[Image | Stored, ...], names: tuple[str, ...]) -> tuple[Image | Stored, ...]:
    """Return the images by names or id prefixes; all if none is given. Raises ``UsageError``."""
    if not names:
        return there
    chosen: dict[str, Image | Stored] = {}
    for name in names:
        start = name.removeprefix("sha256:").lower()
        matches = [one for one in there if familiar(name) in one.names or name in one.names]
        matches = matches or [one for one in there if start and one.id.startswith(start)]
        if not matches:
            known = [reference for one in there for reference in one.names][:8]
            raise UsageError(
                f"no image '{name}' in the data root",
                do=f"there are {', '.join(known)}" if known else "no image has a name",
            )
        if len(matches) > 1:
            raise UsageError(f"'{name}' is a prefix of {len(matches)} image ids", do="give more digits")
        chosen[matches[0].id] = matches[0]
    return tuple(chosen.values())


def _images(
    writer: Writer, chosen: tuple[Image | Stored, ...], wish: Wish
) -> tuple[tuple[Written, ...], tuple[Left, ...]]:
    writer.prepare(tuple(image for image in chosen if isinstance(image, Image)))
    copier = Copier(writer.host, writer.target, writer.progress)
    written: list[Written] = []
    left: list[Left] = []
    names: set[str] = set()
    writer.target.put("oci-layout", layout.OCI_LAYOUT)
    for image in chosen:
        result = writer.image(image, take_unproven=wish.unproven) if isinstance(image, Image) else copier.image(image)
        if isinstance(result, Left):
            left.append(result)
            continue
        # A host that changed its image store may have a name in both: the first one wins.
        result = replace(result, names=tuple(name for name in result.names if name not in names))
        names.update(result.names)
        written.append(result)
    return tuple(written), tuple(left)


def _archive(archive: Archive, wish: Wish, progress: Callable[[str], None]) -> None:
    if wish.tar == "-":
        archive.write(sys.stdout.buffer.write)
        sys.stdout.buffer.flush()
        return
    progress(f"writing {wish.tar}")
    try:
        with replacing(wish.tar, mode=0o644 if wish.shared else 0o600) as descriptor:
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                need(descriptor, wish.tar, archive.size, os.path.basename(wish.tar))
            archive.write(Sink(descriptor).write)
    except OSError as error:
        raise RefusedError(f"can't write: {error.strerror}", where=wish.tar, do="choose another --tar FILE") from error
