"""Lists the images of a data root for every storage driver, and the possible places of each layer."""

from msgspec.structs import replace

from doctor.api.engine import Ask
from doctor.collect.images.images import config_of, read_store
from doctor.engines.docker import places as docker
from doctor.facts.backup.files import MetadataBackup
from doctor.facts.backup.lists import KeptTags
from doctor.facts.containers.containers import Containers
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.images.images import ImageConfig, Images
from doctor.facts.images.lost import LostImages
from doctor.facts.images.sources import ImageSources
from doctor.facts.layers.graph import LayerGraph
from doctor.facts.layers.proofs import LayerProofs
from doctor.formats.images.oci_digest import is_hex64
from doctor.host.base import Host
from doctor.model.missing import HostError, Missing
from doctor.model.paths import join
from doctor.rebuild.images.tag_sources import recover_tags
from doctor.salvage.results import Image, ImageLayer, ImageStores, Left, Source

PLACES = {
    docker.OVERLAY2: f"{docker.OVERLAY2}/{{}}/{docker.DIFF}",
    "fuse-overlayfs": "fuse-overlayfs/{}/diff",
    "overlay": "overlay/{}/root",
    "aufs": "aufs/diff/{}",
    "vfs": "vfs/dir/{}",
    "btrfs": "btrfs/subvolumes/{}",
    "zfs": "zfs/graph/{}",
    "devicemapper": "devicemapper/mnt/{}/rootfs",
}
"""Directory of a layer's files by driver and cache id (moby daemon/graphdriver, and v24 for the removed ones).

For vfs, btrfs, zfs, devicemapper and overlay the directory also holds the files of the layers below; tar-split names
only the layer's own.
"""

_ID_BYTES = 4096


def read(host: Host, ask: Ask, root: DataRoot, pool_bytes: int = 0, pool_problem: str = "") -> ImageStores:
    """Return the images of all drivers.

    ``pool_bytes`` is the size of a devicemapper pool that is assembled on demand; ``pool_problem`` is the reason if its
    layers are unreadable.
    """
    reader = _StoreReader(host, ask, root, pool_bytes)
    # A root that changed its driver has a store for each; the current driver's comes first.
    for driver in sorted(root.drivers, key=lambda one: one.name != root.active_driver):
        if driver.name == "devicemapper" and pool_problem:
            reader.left.append(Left(kind="driver", name=driver.name, reason=pool_problem))
        elif driver.name in PLACES:
            reader.add(driver.name)
    return reader.store()


class _StoreReader:
    """Combines the stores of several drivers: one may have data of another's images."""

    def __init__(self, host: Host, ask: Ask, root: DataRoot, pool_bytes: int) -> None:
        self.host = host
        self.ask = ask
        self.root = root
        self.images: dict[str, Image] = {}
        self.names: dict[str, set[str]] = {}
        self.sources: dict[str, list[Source]] = {}
        self.left: list[Left] = []
        self.gaps: list[Missing] = [*root.gaps]
        self.origin = ""
        self.pool_bytes = pool_bytes

    def add(self, driver: str) -> None:
        """Add the store of one driver."""
        top = self.root.at(docker.IMAGE, driver)
        images = read_store(self.host, top)
        self.gaps += images.gaps
        entries = self._tags(images, driver)
        for reference, digest in entries.items():
            if "@" not in reference:
                self.names.setdefault(digest.removeprefix("sha256:"), set()).add(reference)
        wanted = images.configs.keys() | images.described
        wanted |= {digest.removeprefix("sha256:") for digest in entries.values()} | self._of_containers(driver)
        wanted |= self._lost(driver)
        copies = self._copies(driver) if any(images.config(one) is None for one in wanted) else {}
        for identity in sorted(wanted):
            found = self._image(images, identity, copies)
            if identity not in self.images or self.images[identity].problem:
                self.images[identity] = found
        for image in self.images.values():
            for chain in image.chain:
                self._locate(driver, chain)
        if driver == docker.OVERLAY2:
            self._proven()

    def _tags(self, images: Images, driver: str) -> dict[str, str]:
        if images.tags.status == "ok":
            return images.tags.entries
        containers = self.ask(Containers)
        kept = self.ask(KeptTags) if driver == docker.OVERLAY2 else None
        recovered = recover_tags(images, containers if isinstance(containers, Containers) else Containers(), kept)
        self.origin = recovered.origin
        return recovered.entries

    def _of_containers(self, driver: str) -> set[str]:
        """Return the ids of the containers' images: one without a config is lost."""
        found = self.ask(Containers)
        mine = [one for one in found.items if one.driver == driver] if isinstance(found, Containers) else []
        return {digits for one in mine if is_hex64(digits := one.image_id.removeprefix("sha256:"))}

    def _lost(self, driver: str) -> set[str]:
        """Return the ids of images with only layers left, and note that their owners are unknown."""
        found = self.ask(LostImages) if driver == docker.OVERLAY2 else None
        if not isinstance(found, LostImages):
            return set()
        for one in found.items.values():
            self.names.setdefault(one.id, set()).update(name for name in one.names if "@" not in name)
        if found.missing is not None and not found.items:
            count = len(found.directories)
            reason = f"{found.missing} is missing, and no record shows the images of {count} directories in {docker.OVERLAY2}"
            self.left.append(Left(kind="image", name="all", reason=reason))
        return set(found.items)

    def _copies(self, driver: str) -> dict[str, bytes]:
        """Return copies of lost configs that match their hash (a backup, BuildKit's, one flipped bit)."""
        found = self.ask(ImageSources) if driver == docker.OVERLAY2 else None
        return {one: copy.content for one, copy in found.items.items()} if isinstance(found, ImageSources) else {}

    def _image(self, images: Images, identity: str, copies: dict[str, bytes]) -> Image:
        config = images.configs.get(identity) or ImageConfig(id=identity, problem="it is missing")
        copy = b""
        if not config.is_sound and identity in copies:
            copy = copies[identity]
            config = config_of(identity, copy)
        return Image(
            id=identity,
            path=images.path_of(identity),
            copy=copy,
            diff_ids=config.diff_ids,
            chain=config.chain,
            problem="" if config.is_sound else f"its config is lost: {config.problem}",
        )

    def _locate(self, driver: str, chain: str) -> None:
        """Add the directory in a layer's record."""
        record = join(self.root.at(docker.IMAGE, driver), docker.LAYER_RECORDS, chain)
        try:
            raw = self.host.read(join(record, docker.CACHE_ID), follow=False, limit_bytes=_ID_BYTES)
        except HostError as error:
            if not error.is_absent:
                self.gaps.append(error.missing)
            return
        cache = raw.decode("ascii", "replace").strip()
        if cache and cache.isalnum():
            self._add(chain, driver, cache)

    def _add(self, chain: str, driver: str, cache: str) -> None:
        first, _, rest = PLACES[driver].format(cache).partition("/")
        split = self.root.at(docker.tar_split(chain, driver))
        most = self.pool_bytes if driver == "devicemapper" else 0
        source = Source(split=split, directory=join(self.root.at(first), rest), most_bytes=most)
        known = self.sources.setdefault(chain, [])
        if source not in known:
            known.append(source)

    def _proven(self) -> None:
        """Add the directories of layers without one in their record: from the graph, a backup, or proven by content.

        A backup's directory is added last even if the record names one: the record may be wrong.
        """
        graph = self.ask(LayerGraph)
        if not isinstance(graph, LayerGraph):
            return
        lost = [layer.chain for layer in graph.needed() if layer.chain not in self.sources]
        for chain in lost:
            if chain in graph.cache:
                self._add(chain, docker.OVERLAY2, graph.cache[chain])
        kept = self.ask(MetadataBackup)
        records = kept.layers if isinstance(kept, MetadataBackup) else {}
        for chain in {chain for image in self.images.values() for chain in image.chain} & records.keys():
            self._add(chain, docker.OVERLAY2, records[chain].cache_id)
        lost = [chain for chain in lost if chain not in self.sources]
        proofs = self.ask(LayerProofs) if lost else None
        for chain, proof in proofs.items.items() if isinstance(proofs, LayerProofs) else ():
            if proof.directory:
                self._add(chain, docker.OVERLAY2, proof.directory)

    def store(self) -> ImageStores:
        """Return all of it."""
        images = [replace(one, names=tuple(sorted(self.names.get(one.id, ())))) for one in self.images.values()]
        images.sort(key=lambda one: (not one.names, one.names, one.id))
        layers: dict[str, ImageLayer] = {}
        for image in images:
            for chain, diff in zip(image.chain, image.diff_ids, strict=True):
                layers[chain] = ImageLayer(chain=chain, diff=diff, sources=tuple(self.sources.get(chain, ())))
        return ImageStores(
            images=tuple(images), layers=layers, left=tuple(self.left), origin=self.origin, gaps=tuple(self.gaps)
        )
