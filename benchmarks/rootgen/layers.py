"""Layers in the data root: the directory in overlay2, its links, and the entry in layerdb."""

import base64
import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from random import Random

from benchmarks.rootgen.disk import write_file, write_tree
from benchmarks.rootgen.entry import EMPTY, Entry, Kind
from benchmarks.rootgen.tar import headers
from benchmarks.rootgen.tarsplit import TarSplit
from benchmarks.rootgen.tree import Visible


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One layer of one chain.

    Attributes:
        diff_id: sha256 of its tar, with `sha256:`.
        chain_id: of this layer on its parents, with `sha256:`.
        blob_id: a made-up digest of the compressed layer, as a registry would name it.
        links: the names in `overlay2/l` of this layer and its parents, nearest first: `lower` of what stands on it.
    """

    diff_id: str
    chain_id: str
    blob_id: str
    links: tuple[str, ...]
    diff_ids: tuple[str, ...]
    visible: Visible


class LayerWriter:
    """Writes below one data root."""

    def __init__(self, root: str, rng: Random) -> None:
        self._root = root
        self._rng = rng

    def hex_id(self) -> str:
        """64 hexadecimal digits, as Docker's random ids are."""
        return f"{self._rng.getrandbits(256):064x}"

    def layer(self, entries: list[Entry], parent: Layer | None, visible: Visible) -> Layer:
        """Write an image layer on its parent: content, links, tar-split and the four small files of layerdb."""
        cache_id = self.hex_id()
        link = self.directory(cache_id, parent.links if parent is not None else (), committed=True)
        size = write_tree(f"{self._root}/overlay2/{cache_id}/diff", entries)
        diff_id, tar_split = _tar(entries)
        chain_id = diff_id if parent is None else _sha256(f"{parent.chain_id} {diff_id}")
        folder = f"{self._root}/image/overlay2/layerdb/sha256/{chain_id.removeprefix('sha256:')}"
        os.mkdir(folder, 0o700)
        write_file(f"{folder}/cache-id", cache_id)
        write_file(f"{folder}/diff", diff_id)
        write_file(f"{folder}/size", str(size))
        write_file(f"{folder}/tar-split.json.gz", tar_split)
        if parent is not None:
            write_file(f"{folder}/parent", parent.chain_id)
        return Layer(
            diff_id=diff_id,
            chain_id=chain_id,
            blob_id=_sha256(f"compressed {diff_id}"),
            links=(link, *(parent.links if parent is not None else ())),
            diff_ids=(*(parent.diff_ids if parent is not None else ()), diff_id),
            visible=visible,
        )

    def directory(self, name: str, lower: Iterable[str], *, committed: bool, mounted: bool = False) -> str:
        """Make `overlay2/<name>` and its link, and give the link's name. A bottom layer has neither `lower` nor `work`.

        A directory that was once the upper of a mount also has the kernel's own work/work, mode 0.
        """
        path = f"{self._root}/overlay2/{name}"
        link = base64.b32encode(self._rng.randbytes(17)).decode()[:26]
        os.makedirs(f"{path}/diff", 0o755)
        os.chmod(path, 0o710)
        write_file(f"{path}/link", link)
        os.symlink(f"../{name}/diff", f"{self._root}/overlay2/l/{link}")
        text = ":".join(f"l/{each}" for each in lower)
        if text:
            write_file(f"{path}/lower", text)
            os.mkdir(f"{path}/work", 0o700)
        if mounted:
            os.mkdir(f"{path}/work/work", 0)
        if committed:
            write_file(f"{path}/committed", b"", 0o600)
        return link


def _tar(entries: list[Entry]) -> tuple[str, bytes]:
    split = TarSplit()
    for entry in entries:
        for name, header in headers(entry):
            split.add(name, header, entry.content if entry.kind is Kind.FILE else EMPTY)
    return split.finish()


def _sha256(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
