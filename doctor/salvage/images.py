"""Writes images: each layer is proven while it is written, an image is recorded once it is complete."""

from collections.abc import Callable, Iterator

from doctor.formats.crc import crc64
from doctor.formats.images.oci_digest import sha256_digest
from doctor.host.base import Host
from doctor.model.missing import HostError
from doctor.proof.layer import new_buffer
from doctor.proof.made_tar import make
from doctor.proof.tree import open_tree
from doctor.salvage import layout
from doctor.salvage.layer import Assembly, SplitError, UnprovenError, joined, known, unread
from doctor.salvage.progress import human, with_progress
from doctor.salvage.results import Blob, Image, ImageLayer, ImageStores, Left, Source, Written
from doctor.salvage.target import Target
from doctor.salvage.tree import TreeTar

_CONFIG_BYTES = 16 << 20
_CHECKED_BYTES = 32 << 20
"""How much of a corrupt layer is searched for the altered file: CRC-64 takes a second for 9 MiB."""

_REMAKE_BYTES = 1 << 42


class Writer:
    """Writes the images of one data root into a target.

    ``kept_split`` returns the tar-split of a layer from a metadata backup, by chain ID.
    """

    def __init__(
        self,
        host: Host,
        store: ImageStores,
        target: Target,
        progress: Callable[[str], None],
        kept_split: Callable[[str], bytes | None] = lambda _: None,
    ) -> None:
        self.host = host
        self.store = store
        self.kept_split = kept_split
        self.target = target
        self.progress = progress
        self.blobs: dict[str, Blob] = {}
        self.failed: dict[str, UnprovenError] = {}
        self.rough: dict[str, Blob] = {}
        self.sizes: dict[str, int] = {}
        self.titles: dict[str, str] = {}
        self.made: dict[str, Assembly] = {}

    def prepare(self, images: tuple[Image, ...]) -> None:
        """Find existing blobs, and refuse early if the space is not enough. Raises ``RefusedError``."""
        needed = {chain: self.store.layers[chain] for image in images for chain in image.chain}
        for image in reversed(images):
            for number, chain in enumerate(image.chain, start=1):
                self.titles[chain] = f"layer {number} of {len(image.chain)} of {image.title}"
        if images:
            self.progress(f"images: {len(images)}, layers: {len(needed)}; checking existing blobs")
        # Two chains may share a layer's tar.
        missing: dict[str, int] = {}
        for chain, layer in needed.items():
            blob = self.target.kept(layer.diff) if layer.diff not in missing else None
            if blob is not None:
                self.blobs[chain] = blob
                continue
            self.sizes[chain] = self._size(layer)
            missing[layer.diff] = self.sizes[chain]
        total = sum(missing.values())
        kept = f", {human(self.target.bytes_kept)} exist already" if self.target.bytes_kept else ""
        if images:
            self.progress(f"{human(total)} to read and verify{kept}")
        if not self.target.level:
            self.target.need(total, "the salvage")

    def _size(self, layer: ImageLayer) -> int:
        for assembly in self._assemblies(layer):
            try:
                return assembly.size()
            except UnprovenError:
                continue
        made = self._remake(layer)
        return made.size() if made is not None else 0

    def _assemblies(self, layer: ImageLayer, *, is_strict: bool = True) -> Iterator[Assembly]:
        """Yield the ways to reassemble a layer: each place with its own tar-split, then with the backup's."""
        for source in layer.sources:
            yield Assembly(self.host, source, is_strict=is_strict)
        kept = self.kept_split(layer.chain) if layer.sources else None
        for source in layer.sources if kept is not None else ():
            yield Assembly(self.host, source, split=kept, is_strict=is_strict)
        if layer.chain in self.made:
            yield self.made[layer.chain]

    def _remake(self, layer: ImageLayer) -> Assembly | None:
        """Recreate a layer's tar-split as Docker would write it; it is valid only if it yields the layer's digest."""
        if layer.chain in self.made:
            return None
        for source in layer.sources:
            # Directories of other drivers hold the layers below too, or other whiteouts.
            if not source.directory.endswith("/diff"):
                continue
            self.progress(f"{self.titles[layer.chain]}: its tar-split is unusable, trying to recreate it")
            try:
                tree = open_tree(self.host, source.directory)
            except HostError:
                continue
            try:
                split, _ = make(tree, layer.diff, new_buffer(), most_bytes=_REMAKE_BYTES)
            except (HostError, OSError):
                continue
            finally:
                tree.close()
            if split is not None:
                self.made[layer.chain] = Assembly(self.host, source, split=split)
                return self.made[layer.chain]
        return None

    def image(self, image: Image, *, take_unproven: bool) -> Written | Left:
        """Write an image, or say why it is left out."""
        if image.problem:
            return Left(kind="image", name=image.title, reason=image.problem)
        try:
            config = self._config(image)
        except UnprovenError as error:
            return Left(kind="image", name=image.title, reason=error.reason, is_unread=error.is_unread)
        blobs: list[Blob] = []
        problems: list[str] = []
        is_unread = False
        for chain in image.chain:
            layer = self.store.layers[chain]
            blob = self._layer(layer)
            if blob is None:
                failed = self.failed[chain]
                problems.append(f"{self.titles[layer.chain]}: {failed.reason}")
                is_unread = is_unread or failed.is_unread
                blob = self._rough(layer) if take_unproven else None
                if blob is None:
                    return Left(kind="image", name=image.title, reason="; ".join(problems), is_unread=is_unread)
            blobs.append(blob)
        if problems:
            config = layout.with_diff_ids(config, [blob.diff for blob in blobs])
        return self._finish(image, config, tuple(blobs), "; ".join(problems))

    def _finish(self, image: Image, config: bytes, layers: tuple[Blob, ...], unproven: str) -> Written:
        stored = self.target.blob(config)
        original = image.id if unproven else ""
        written = self.target.blob(layout.manifest(stored, layers, layout.notes(unproven, original)))
        return Written(
            id=stored.digest[7:],
            names=tuple(map(layout.marked, image.names)) if unproven else image.names,
            config=stored,
            layers=layers,
            manifest=written,
            unproven=unproven,
            original=original,
        )

    def _config(self, image: Image) -> bytes:
        content = image.copy
        if not content:
            try:
                content = self.host.read(image.path, follow=False, limit_bytes=_CONFIG_BYTES)
            except HostError as error:
                raise unread(error.missing) from error
        if sha256_digest(content) != f"sha256:{image.id}":
            raise UnprovenError("its config changed while it was read")
        return content

    def _layer(self, layer: ImageLayer) -> Blob | None:
        """Return the proven blob of a layer; ``None``, with the reason in ``failed``, without proof."""
        if layer.chain not in self.blobs and layer.chain not in self.failed:
            try:
                self.blobs[layer.chain] = self._prove(layer)
            except UnprovenError as error:
                self.failed[layer.chain] = error
        return self.blobs.get(layer.chain)

    def _prove(self, layer: ImageLayer) -> Blob:
        twin = next((blob for blob in self.blobs.values() if blob.diff == layer.diff), None)
        if twin is not None:
            return twin
        size = self.sizes.get(layer.chain, 0)
        self.progress(f"{self.titles[layer.chain]}: {human(size)}")
        empty = known(layer.diff)
        if empty is not None:
            blob = self.target.layer([empty], len(empty), layer.diff, self.titles[layer.chain])
            if blob is not None:
                return blob
        failed: UnprovenError | None = None
        for assembly in self._assemblies(layer):
            try:
                blob = self.target.layer(
                    with_progress(assembly.pieces(), self.titles[layer.chain], size, self.progress),
                    size,
                    layer.diff,
                    self.titles[layer.chain],
                )
            except UnprovenError as error:
                failed = failed or error
                continue
            if blob is not None:
                return blob
            if failed is None or isinstance(failed, SplitError):
                failed = UnprovenError(self._altered(assembly))
        # A readable tar-split may belong to another layer: the directory can still be intact.
        made = self._remake(layer) if not isinstance(failed, SplitError) else None
        if made is not None:
            blob = self.target.layer(made.pieces(), made.size(), layer.diff, self.titles[layer.chain])
            if blob is not None:
                return blob
        raise failed or UnprovenError("no record shows which directory it has")

    def _altered(self, assembly: Assembly) -> str:
        try:
            names = assembly.altered(crc64, _CHECKED_BYTES)
        except UnprovenError:
            names = []
        return f"altered: {', '.join(names)}" if names else "its content doesn't match its digest"

    def _rough(self, layer: ImageLayer) -> Blob | None:
        """Write a layer as it is, by tar-split if that is readable, else by its directory."""
        if layer.chain in self.rough:
            return self.rough[layer.chain]
        for source in layer.sources:
            pieces, size = self._as_found(source, layer)
            try:
                blob = self.target.layer(joined(pieces), size, "", self.titles[layer.chain])
            except UnprovenError:
                continue
            if blob is not None:
                self.rough[layer.chain] = blob
                return blob
        return None

    def _as_found(self, source: Source, layer: ImageLayer) -> tuple[Iterator[bytes], int]:
        for assembly in self._assemblies(layer, is_strict=False):
            try:
                size = assembly.size()
            except UnprovenError:
                continue
            return assembly.pieces(), size
        tree = TreeTar(self.host, source.directory, is_layer=True)
        return tree.pieces(), self._tree_size(tree)

    @staticmethod
    def _tree_size(tree: TreeTar) -> int:
        try:
            return tree.size()
        except UnprovenError:
            return 0
