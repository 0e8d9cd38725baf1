"""Runs one salvage."""

import os
import stat
import sys
from collections.abc import Callable
from contextlib import ExitStack

from msgspec import Struct
from msgspec.structs import replace

from doctor.facts.engine.data_root import DataRoot
from doctor.facts.images.images import familiar
from doctor.host.base import Host
from doctor.model.errors import DoctorError, RefusedError, UsageError
from doctor.model.missing import Missing
from doctor.plugins.engines import engines
from doctor.salvage import layout
from doctor.salvage.archive import Archive
from doctor.salvage.place import MARKER, Document, check_place, forbidden, held_by, opened
from doctor.salvage.reader import Reader, Salvage, Salvageable
from doctor.salvage.results import Left, SalvageOutcome, Written
from doctor.salvage.target import Sink, Target, need
from doctor.salvage.trees import TreeWriter
from doctor.salvage.volumes import FOLDER
from doctor.scan.resolve import Facts
from doctor.state import host_json
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
    ask = Facts(host).get
    found: list[Salvage | None] = [one.salvage(host, ask) for one in engines()]
    sources = [source for source in found if source is not None]
    who = next((source.identity for source in sources if source.identity is not None), None)
    if who is None:
        missing = ask(DataRoot)
        reason = missing.reason if isinstance(missing, Missing) else "no engine keeps anything here"
        raise DoctorError(
            f"there is no data root to salvage from: {reason}",
            do="name the host's disk with --root DIR, or the engine's directory itself with --data-root DIR",
        )
    roots = tuple(top for source in sources for top in source.tops)
    tops = forbidden(host, roots)
    for path in filter(None, (wish.to, wish.tar.removeprefix("-"))):
        check_place(path, tops)
    if wish.tar not in {"", "-"} and not os.path.isdir(os.path.dirname(os.path.abspath(wish.tar))):
        raise UsageError("there is no such directory", where=wish.tar, do="choose another --tar FILE")
    chosen = choose(tuple(image for source in sources for image in source.images), wish.images)
    with opened(wish.to, who, is_shared=wish.shared, level=_GZIP_LEVEL if wish.compress else 0) as (target, before):
        document = Document(root=who, tar=_free(wish.tar, before), outcome=before.outcome)
        target.put(MARKER, host_json.encode(document))
        with ExitStack() as stack:
            readers = [stack.enter_context(source.reading(target, progress)) for source in sources]
            read = list(zip(sources, readers, strict=True))
            outcome, refused = _fill(read, target, chosen, wish, progress, host=host)
        outcome = replace(outcome, notes=(*outcome.notes, *(note for reader in readers for note in reader.notes)))
        earlier = _earlier(target, before.outcome, outcome)
        target.put("index.json", layout.index((*outcome.images, *earlier)))
        whole = replace(outcome, images=(*outcome.images, *earlier))
        target.put(MARKER, host_json.encode(replace(document, outcome=whole)))
        if wish.tar:
            _archive(Archive(target, outcome.images), wish, progress)
        if refused is not None:
            raise refused
    return outcome


def _free(tar: str, before: Document) -> str:
    """Return the path of ``--tar`` for the marker; raises ``RefusedError`` for a file that this salvage did not write.

    A disk of salvages often has one of another host, perhaps its only copy.
    """
    if tar in {"", "-"}:
        return before.tar
    path = os.path.realpath(tar)
    if os.path.isfile(path) and os.path.getsize(path) and path != before.tar:
        raise RefusedError("the file exists", where=path, do="choose another --tar FILE, or move it away")
    return path


Sources = list[tuple[Salvage, Reader]]


def _fill(
    sources: Sources,
    target: Target,
    chosen: tuple[Salvageable, ...],
    wish: Wish,
    progress: Callable[[str], None],
    *,
    host: Host,
) -> tuple[SalvageOutcome, RefusedError | None]:
    """Write everything requested except the lists."""
    written, left = _images(sources, target, chosen, wish)
    notes = [note for source, _ in reversed(sources) for note in source.notes]
    holder = held_by(host, [source.tops[0] for source, _ in sources if source.tops])
    if holder:
        notes.append(f"{holder} uses the data root: files that it changes meanwhile may be inconsistent")
    trees: list[TreeWriter] = []
    for source, reader in sources:
        writer = TreeWriter(reader.host, target, progress, is_held=bool(holder))
        written = (*written, *_trees(source, reader, writer, wish, written, is_first=not trees))
        trees.append(writer)
    gaps = dict.fromkeys(gap.reason for source, _ in sources for gap in source.gaps)
    unread = tuple(Left(kind="data", name="part of the data root", reason=one, is_unread=True) for one in gaps)
    unseen = [one for source, _ in sources for one in source.left] if not wish.images else []
    outcome = SalvageOutcome(
        images=written,
        trees=tuple(tree for writer in trees for tree in writer.trees),
        left=(*left, *unseen, *unread, *(one for writer in trees for one in writer.left)),
        notes=tuple(notes),
        bytes_written=target.bytes_written,
        bytes_kept=target.bytes_kept,
    )
    return outcome, next((writer.refused for writer in trees if writer.refused is not None), None)


def _trees(
    source: Salvage, reader: Reader, writer: TreeWriter, wish: Wish, images: tuple[Written, ...], *, is_first: bool
) -> tuple[Written, ...]:
    """Write volumes and writable layers of one engine; return images of its containers."""
    if wish.volumes:
        found = reader.volumes()
        if found is not None:
            writer.progress("volumes")
            # Two engines may have volumes of one name.
            writer.volumes(found, FOLDER if is_first else f"{FOLDER}-{source.engine}")
    if not wish.containers:
        return ()
    if is_first:
        writer.progress("writable layers of containers")
    writer.containers(reader.uppers())
    return writer.images(images)


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


def choose(there: tuple[Salvageable, ...], names: tuple[str, ...]) -> tuple[Salvageable, ...]:
    """Return the images by names or id prefixes; all if none is given. Raises ``UsageError``."""
    if not names:
        return there
    chosen: dict[str, Salvageable] = {}
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
    sources: Sources, target: Target, chosen: tuple[Salvageable, ...], wish: Wish
) -> tuple[tuple[Written, ...], tuple[Left, ...]]:
    reader_of = {id(image): reader for source, reader in sources for image in source.images}
    for _, reader in sources:
        reader.prepare(tuple(image for image in chosen if reader_of[id(image)] is reader))
    written: list[Written] = []
    left: list[Left] = []
    names: set[str] = set()
    target.put("oci-layout", layout.OCI_LAYOUT)
    for image in chosen:
        result = reader_of[id(image)].image(image, take_unproven=wish.unproven)
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
