"""Reads the tar-split of every layer to its end. Only asked for with ``--deep``."""

import os
from collections.abc import Iterator

from doctor.facts.layer_content import LayerContent
from doctor.facts.layer_graph import LayerGraph
from doctor.facts.tar_splits import TarSplits
from doctor.formats.tar_split import read
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.errors import FormatError
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath

_CHUNK_BYTES = 1 << 20
_BLOCK = 512


@collector
def tar_splits(host: Host, graph: LayerGraph, content: LayerContent) -> TarSplits:
    """Return the damaged ones among the layers of sound images."""
    damaged: dict[str, str] = {}
    gaps: list[Missing] = []
    for layer in graph.needed():
        record = graph.record(layer.chain)
        if record is None or record.lacks_split:
            continue
        look = content.looks.get(layer.chain)
        if look is not None:
            # Read to its end already, with the layer.
            if look.split_problem:
                damaged[layer.chain] = look.split_problem
            continue
        try:
            problem = _problem(host, graph.layers.record_path(layer.chain, "tar-split.json.gz"))
        except HostError as error:
            if error.missing.why in {Why.DENIED, Why.TIMED_OUT}:
                gaps.append(error.missing)
            continue
        if problem:
            damaged[layer.chain] = problem
    return TarSplits(damaged=damaged, gaps=tuple(gaps))


def _problem(host: Host, path: HostPath) -> str:
    """Return what is wrong with one file, "" if nothing: a tar is a whole number of blocks."""
    size = 0
    try:
        for part in read(_chunks(host, path)):
            size += part.size if part.raw is None else len(part.raw)
    except FormatError as error:
        return str(error)
    return "" if size and size % _BLOCK == 0 else f"it makes a tar of {size} bytes, which is no whole number of blocks"


def _chunks(host: Host, path: HostPath) -> Iterator[bytes]:
    descriptor = host.open_fd(path, follow=False)
    try:
        while chunk := os.read(descriptor, _CHUNK_BYTES):
            yield chunk
    finally:
        os.close(descriptor)
