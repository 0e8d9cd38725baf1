"""Proves directories of layers by content. Reads content only for layers whose record is corrupt."""

import os
from collections.abc import Iterator

from doctor.facts.layers.graph import ExpectedLayer, LayerGraph, is_size
from doctor.facts.layers.proofs import LayerProof, LayerProofs
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.errors import FormatError
from doctor.model.missing import HostError
from doctor.model.paths import HostPath, join
from doctor.proof.tar.tar_split import SplitPart, assemble, read
from doctor.rebuild.layers.evidence import recorded_directories

_CHUNK_BYTES = 1 << 20
_MAX_DEPTH = 100


@collector
def layer_proofs(host: Host, graph: LayerGraph) -> LayerProofs:
    """Return the proof for each layer with a corrupt record, lowest layers first."""
    prover = _Prover(host, graph)
    items: dict[str, LayerProof] = {}
    recorded = recorded_directories(graph)
    for layer in graph.needed():
        known = graph.cache.get(layer.chain)
        record = graph.record(layer.chain)
        if record is None:
            items[layer.chain] = prover.measure(recorded.get(layer.chain, ""))
        elif known is None:
            items[layer.chain] = prover.prove(layer)
        elif not is_size(record.size):
            items[layer.chain] = LayerProof(directory=known, size_bytes=prover.size(known))
    return LayerProofs(items=items)


class _Prover:
    """Matches free directories with layers; each directory is read once and assigned once."""

    def __init__(self, host: Host, graph: LayerGraph) -> None:
        self.host = host
        self.graph = graph
        self.free = list(graph.free_directories())
        self.walked: dict[str, frozenset[bytes] | None] = {}

    def prove(self, layer: ExpectedLayer) -> LayerProof:
        """Return the one free directory with this layer's content."""
        path = self.graph.layers.split_path(layer.chain)
        try:
            names, needed = self._names(path)
        except (HostError, FormatError) as error:
            return _unproven(f"its tar-split can't be read: {error}")
        # Directories with the right number of parents first: of equal directories this one needs no change.
        depth = {identity: len(self.graph.layers.directories[identity].lower or ()) for identity in self.free}
        for identity in sorted(self.free, key=lambda one: (depth[one] != layer.depth, one)):
            held = self._walk(identity)
            if held is None or not needed <= held or not all(self._is_named(name, names) for name in held):
                continue
            try:
                found = assemble(self._parts(path), _Contents(self, identity))
            except (HostError, FormatError):
                continue
            if found.diff_id == layer.diff:
                self.free.remove(identity)
                return LayerProof(directory=identity, size_bytes=self.size(identity))
        return _unproven("no directory has its content")

    def measure(self, directory: str) -> LayerProof:
        """Return the recorded directory of a layer without a record and a tar-split, and its size."""
        if not directory:
            return _unproven("its tar-split is missing, and no layer above it names its directory")
        return LayerProof(directory=directory, size_bytes=self.size(directory), why="recorded by the layers above")

    def size(self, identity: str) -> int:
        """Return the size of a directory's files like the engine: each inode once, without directories."""
        seen: set[tuple[int, int]] = set()
        total = 0
        top = self.graph.layers.diff_path(identity)
        for name in self._walk(identity) or ():
            try:
                found = self.host.lstat(join(top, os.fsdecode(name)), follow=False)
            except HostError:
                return -1
            if (found.device, found.inode) not in seen:
                seen.add((found.device, found.inode))
                total += found.size
        return total

    def _names(self, path: HostPath) -> tuple[frozenset[bytes], frozenset[bytes]]:
        """Return all names of a layer's tar, and those with content."""
        names: set[bytes] = set()
        needed: set[bytes] = set()
        for part in self._parts(path):
            if part.raw is None:
                name = _plain(part.name)
                names.add(name)
                if part.size:
                    needed.add(name)
        return frozenset(names), frozenset(needed)

    def _parts(self, path: HostPath) -> Iterator[SplitPart]:
        return read(self._chunks(path))

    def _chunks(self, path: HostPath) -> Iterator[bytes]:
        descriptor = self.host.open_fd(path, follow=False)
        try:
            while chunk := os.read(descriptor, _CHUNK_BYTES):
                yield chunk
        finally:
            os.close(descriptor)

    def content(self, identity: str, name: bytes) -> Iterator[bytes] | None:
        """Return the chunks of a file of a directory, ``None`` for a name outside of it or not a regular file."""
        plain = _plain(name)
        if b".." in plain.split(b"/"):
            return None
        path = join(self.graph.layers.diff_path(identity), os.fsdecode(plain))
        try:
            kind = self.host.lstat(path, follow=False).kind
        except HostError:
            return None
        return self._chunks(path) if kind == "f" else None

    def _walk(self, identity: str) -> frozenset[bytes] | None:
        """Return all names in a directory's ``diff``, except directories; ``None`` if it can't be read."""
        if identity not in self.walked:
            found: set[bytes] = set()
            try:
                self._descend(self.graph.layers.diff_path(identity), b"", found, 0)
                self.walked[identity] = frozenset(found)
            except HostError:
                self.walked[identity] = None
        return self.walked[identity]

    def _descend(self, path: HostPath, prefix: bytes, found: set[bytes], depth: int) -> None:
        for name, kind in self.host.scandir(path, follow=False):
            raw = prefix + os.fsencode(name)
            if kind != "d":
                found.add(raw)
            elif depth < _MAX_DEPTH:
                self._descend(join(path, name), raw + b"/", found, depth + 1)

    @staticmethod
    def _is_named(name: bytes, names: frozenset[bytes]) -> bool:
        """Whether a layer's tar has a file; a whiteout is a device on disk, and a file ``.wh.NAME`` in the tar."""
        if name in names:
            return True
        head, slash, last = name.rpartition(b"/")
        return head + slash + b".wh." + last in names


class _Contents:
    """The files of one directory, for the tar reader."""

    def __init__(self, prover: _Prover, identity: str) -> None:
        self.prover = prover
        self.identity = identity

    def __call__(self, name: bytes, size: int) -> Iterator[bytes] | None:
        """Return the chunks of a file."""
        del size
        return self.prover.content(self.identity, name)


def _plain(name: bytes) -> bytes:
    """Return a tar's name as a path below ``diff``."""
    while name.startswith((b"./", b"/")):
        name = name.partition(b"/")[2]
    return name.rstrip(b"/")


def _unproven(why: str) -> LayerProof:
    return LayerProof(directory="", size_bytes=-1, why=why)
