"""Reads whole tar-splits: all with ``--deep``, else those that differ from the metadata backup."""

import os
from collections.abc import Iterator
from hashlib import sha256

from doctor.engines.docker import places as docker
from doctor.facts.backup.digests import KeptDigests
from doctor.facts.layers.content import LayerContent
from doctor.facts.layers.graph import LayerGraph
from doctor.facts.layers.tar_splits import AlteredSplits, TarSplits
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.errors import FormatError
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath

_CHUNK_BYTES = 1 << 20
_BLOCK = 512
_ALTERED_BYTES = 64 << 20
"""Limit for a normal scan, about 50 ms of hashing; more is left to ``--deep``."""


_UNPACKED_BYTES = 512 << 20
"""Limit for one tar-split in a normal scan: a layer of a million files, which takes two seconds."""


@collector
def tar_splits(host: Host, graph: LayerGraph, content: LayerContent, altered: AlteredSplits | Missing) -> TarSplits:
    """Return the corrupt ones among the layers of valid images, except those that a normal scan finds."""
    damaged: dict[str, str] = {}
    gaps: list[Missing] = []
    known = {} if isinstance(altered, Missing) else altered.damaged
    for layer in graph.needed():
        record = graph.record(layer.chain)
        if record is None or record.lacks_split or layer.chain in known:
            continue
        look = content.looks.get(layer.chain)
        if look is not None:
            # Already read, with the layer.
            if look.split_problem:
                damaged[layer.chain] = look.split_problem
            continue
        try:
            problem = _problem(host, graph.layers.split_path(layer.chain))
        except HostError as error:
            if error.missing.why in {Why.DENIED, Why.TIMED_OUT, Why.UNSUPPORTED}:
                gaps.append(error.missing)
            continue
        if problem:
            damaged[layer.chain] = problem
    return TarSplits(damaged=damaged, gaps=tuple(gaps))


@collector
def altered_splits(host: Host, graph: LayerGraph, kept: KeptDigests) -> AlteredSplits:
    """Return tar-splits of needed layers that differ from the backup and can't be read; absent without a backup.

    One that differs and can be read was recreated, and is not corrupt.
    """
    damaged: dict[str, str] = {}
    gaps: list[Missing] = []
    left = _ALTERED_BYTES
    for layer in graph.needed():
        record = graph.record(layer.chain)
        path = graph.layers.split_path(layer.chain)
        size, digest = kept.files.get(docker.tar_split(layer.chain), (0, ""))
        if record is None or record.lacks_split or not digest or record.tar_split_bytes > left:
            continue
        left -= record.tar_split_bytes
        try:
            same = size == record.tar_split_bytes and _digest(host, path) == digest
            problem = "" if same else _problem(host, path, _UNPACKED_BYTES)
        except HostError as error:
            # Layers reports other unreadable files; a file written by a plan is valid.
            if error.missing.why is Why.UNSUPPORTED and "tar-split" in error.missing.reason:
                gaps.append(error.missing)
            continue
        if problem:
            damaged[layer.chain] = problem
    return AlteredSplits(damaged=damaged, gaps=tuple(gaps))


def _digest(host: Host, path: HostPath) -> str:
    found = sha256()
    for chunk in _chunks(host, path):
        found.update(chunk)
    return found.hexdigest()


def _problem(host: Host, path: HostPath, most_bytes: int = 4 << 30) -> str:
    """Return the problem of one file, "" for none: a tar consists of complete blocks.

    Raises ``HostError`` if it is larger than a scan reads: then its state is unknown.
    """
    from doctor.proof.tar.tar_split import UnreadError, read  # noqa: PLC0415 - a normal scan hardly ever reads one

    size = 0
    try:
        for part in read(_chunks(host, path), max_bytes=most_bytes):
            size += part.size if part.raw is None else len(part.raw)
    except UnreadError as error:
        raise HostError(Missing(Why.UNSUPPORTED, f"{path}: {error}")) from None
    except FormatError as error:
        return str(error)
    return "" if size and size % _BLOCK == 0 else f"its tar has {size} bytes, which is not a multiple of the block size"


def _chunks(host: Host, path: HostPath) -> Iterator[bytes]:
    descriptor = host.open_fd(path, follow=False)
    try:
        while chunk := os.read(descriptor, _CHUNK_BYTES):
            yield chunk
    finally:
        os.close(descriptor)
