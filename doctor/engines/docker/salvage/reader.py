"""Docker's data for a salvage: images of every storage driver, volumes and writable layers."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from doctor.api.engine import Ask
from doctor.collect.backup.kept import Backups
from doctor.engines.docker import places as docker
from doctor.engines.docker.salvage import pools, store, uppers
from doctor.engines.docker.salvage.recipes import Recipes
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.volumes.volumes import VolumeDirectory, Volumes
from doctor.host.base import Host
from doctor.model.errors import DoctorError
from doctor.model.missing import HostError, Missing
from doctor.model.paths import join
from doctor.salvage.images import Writer
from doctor.salvage.reader import (
    FoundVolume,
    FoundVolumes,
    Progress,
    Reader,
    Salvage,
    Salvageable,
    SalvageRoot,
    Upper,
)
from doctor.salvage.results import Image, Left, Written
from doctor.salvage.target import Target
from doctor.salvage.volumes import Recipe


class DockerSalvage(Salvage):
    """The data of Docker's data root."""

    engine = docker.NAME

    def __init__(self, host: Host, ask: Ask, root: DataRoot) -> None:
        self._host, self._ask, self._root = host, ask, root
        self._pool, problem = pools.find(host, root)
        self._store = store.read(host, ask, root, self._pool.size if self._pool is not None else 0, problem)
        self.identity = _identity(host, root)
        self.tops = (root.resolved, *root.places.values())
        self.images = self._store.images
        self.left = self._store.left
        self.gaps = self._store.gaps
        self.notes = (f"names of images{self._store.origin}",) if self._store.origin else ()

    @contextmanager
    def reading(self, target: Target, progress: Progress) -> Iterator[Reader]:
        """Mount the devices of a devicemapper pool meanwhile."""
        with pools.routed(self._host, self._pool, target, progress) as (reached, notes):
            writer = Writer(reached, self._store, target, progress, _kept_split(reached, self._root))
            reader = _DockerReader(reached, self._ask, self._root, writer)
            yield reader
            reader.notes += notes


class _DockerReader(Reader):
    def __init__(self, host: Host, ask: Ask, root: DataRoot, writer: Writer) -> None:
        super().__init__(host)
        self._ask, self._root, self._writer = ask, root, writer

    def prepare(self, images: Iterable[Salvageable]) -> None:
        """Find existing layers, and refuse early if the space is not enough."""
        self._writer.prepare(tuple(image for image in images if isinstance(image, Image)))

    def image(self, image: Salvageable, *, take_unproven: bool) -> Written | Left:
        """Write an image, each layer proven."""
        if not isinstance(image, Image):
            raise TypeError(image)
        return self._writer.image(image, take_unproven=take_unproven)

    def volumes(self) -> FoundVolumes:
        """Return the volumes with a directory, then those of other drivers."""
        found = self._ask(Volumes)
        if isinstance(found, Missing):
            return FoundVolumes(missing=found)
        recipes = Recipes(self._ask)
        here = [_volume(found, one, recipes.of(one.name, one)) for one in found.items.values()]
        elsewhere = [
            FoundVolume(
                recipe=recipe, is_listed=False, problem=f"driver {recipe.driver}: its data is not in the data root"
            )
            for recipe in recipes.elsewhere(found.items)
        ]
        return FoundVolumes(items=(*here, *elsewhere), gaps=found.gaps)

    def uppers(self) -> Iterator[Upper]:
        """Yield those of every storage driver and snapshotter."""
        return uppers.find(self.host, self._root, self._ask)


def salvage(host: Host, ask: Ask) -> DockerSalvage | None:
    """Return the data of the data root; ``None`` if it is missing."""
    root = ask(DataRoot)
    return DockerSalvage(host, ask, root) if isinstance(root, DataRoot) else None


def _volume(found: Volumes, one: VolumeDirectory, recipe: Recipe) -> FoundVolume:
    if one.data_kind != "d":
        return FoundVolume(recipe=recipe, problem=f"it has no directory {docker.VOLUME_DATA}")
    place = f"{one.mount_type} {one.mount_device}".strip()
    return FoundVolume(recipe=recipe, directory=join(found.top, one.name, docker.VOLUME_DATA), place=place)


def _identity(host: Host, root: DataRoot) -> SalvageRoot:
    try:
        raw = host.read(join(root.resolved, docker.ENGINE_ID), follow=False, limit_bytes=4096)
    except HostError:
        raw = b""
    engine = raw.decode("utf-8", "replace")
    if not engine.strip("\0 \n"):
        try:
            engine = f"inode {host.lstat(root.resolved, follow=False).inode}"
        except HostError as error:
            raise DoctorError(f"can't read the data root: {error}") from error
    return SalvageRoot(path=root.resolved, engine=engine.strip())


def _kept_split(host: Host, root: DataRoot) -> Callable[[str], bytes | None]:
    """Return a function that finds the tar-split of a layer in the metadata backups."""
    try:
        backups = Backups(host, root)
    except HostError:
        return lambda _: None

    def find(chain: str) -> bytes | None:
        found = backups.find(docker.tar_split(chain), bool)
        return found[0] if found else None

    return find
