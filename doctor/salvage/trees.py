"""Writes volumes and containers' writable layers as tars. They can't be proven and are copied as they are."""

from collections.abc import Callable
from hashlib import sha256

from doctor.facts.engine.data_root import DataRoot
from doctor.facts.volumes.volumes import VolumeDirectory, Volumes
from doctor.host.base import Host
from doctor.model.errors import RefusedError
from doctor.model.missing import HostError, Missing
from doctor.model.paths import join
from doctor.salvage import layout, uppers
from doctor.salvage.difference import DifferenceTar
from doctor.salvage.layer import UnprovenError, joined
from doctor.salvage.layered import Layered
from doctor.salvage.memory import Noted, TargetMemory
from doctor.salvage.progress import human, with_progress
from doctor.salvage.target import Target
from doctor.salvage.tree import TreeTar
from doctor.salvage.uppers import Upper
from doctor.salvage.values import Left, Written, WrittenTree
from doctor.salvage.volumes import SCRIPT, Recipe, Recipes, script
from doctor.scan.resolve import Facts

_CONFIG_BYTES = 16 << 20


class TreeWriter:
    """Writes directories of one data root into a target.

    Args:
        host: holds the directories.
        target: receives the tars.
        progress: receives the name of each item being written.
        is_held: whether an engine uses the data root: tars of an earlier run are then stale.
    """

    def __init__(self, host: Host, target: Target, progress: Callable[[str], None], *, is_held: bool) -> None:
        self.host = host
        self.target = target
        self.progress = progress
        self.is_held = is_held
        self.memory = TargetMemory(target)
        self.trees: list[WrittenTree] = []
        self.left: list[Left] = []
        self.refused: RefusedError | None = None
        self.digests: dict[str, str] = {}
        self.layers: list[tuple[Upper, WrittenTree]] = []

    def volumes(self, facts: Facts) -> None:
        """Write every volume, and the script that recreates them."""
        found = facts.get(Volumes)
        if isinstance(found, Missing):
            self._leave("volume", "all volumes", found.reason, is_unread=not found.is_harmless)
            return
        self.target.make("volumes")
        for gap in found.gaps:
            self._leave("volume", "a volume", gap.reason, is_unread=True)
        recipes = Recipes(facts)
        made: list[tuple[Recipe, bool]] = []
        for volume in found.items.values():
            if not _is_name(volume.name):
                self._leave("volume", volume.name, "its name is not valid for the engine")
                continue
            recipe = recipes.of(volume.name, volume)
            has_data = self._volume(found, volume, recipe)
            self.target.put(f"volumes/{volume.name}.json", recipe.document(), is_private=True)
            made.append((recipe, has_data and not recipe.is_elsewhere))
        for recipe in recipes.elsewhere(found.items):
            if _is_name(recipe.name):
                self.target.put(f"volumes/{recipe.name}.json", recipe.document(), is_private=True)
                made.append((recipe, False))
            self._leave("volume", recipe.name, f"driver {recipe.driver}: its data is not in the data root")
        if made:
            self.target.put(SCRIPT, script(made), is_private=True)

    def _volume(self, volumes: Volumes, volume: VolumeDirectory, recipe: Recipe) -> bool:
        if volume.data_kind != "d":
            self._leave("volume", volume.name, "it has no directory _data")
            return False
        notes = [recipe.origin] if recipe.origin else []
        if recipe.is_elsewhere:
            place = f"{volume.mount_type} {volume.mount_device}".strip()
            notes.append(f"its data is on {place}, not here" if place else "its data is elsewhere")
        tree = TreeTar(self.host, join(volumes.top, volume.name, "_data"), is_layer=False)
        return self._write("volume", volume.name, f"volumes/{volume.name}.tar", tree, note="; ".join(notes))

    def containers(self, facts: Facts, root: DataRoot) -> None:
        """Write the writable layer of every container, with its settings."""
        self.target.make("containers")
        for upper in uppers.find(self.host, root, facts):
            if upper.directory is None:
                self._leave("container", upper.title, upper.problem, is_unread=upper.is_unread)
            elif not _is_name(upper.title):
                self._leave("container", upper.title, "its name is not valid for the engine")
            else:
                self._container(upper)

    def images(self, images: tuple[Written, ...]) -> tuple[Written, ...]:
        """Return images of the containers with one of the given base images."""
        made = Layered(self.target, images)
        found = [made.image(upper, tree, self.digests[tree.file]) for upper, tree in self.layers]
        return tuple(one for one in found if one is not None)

    def _container(self, upper: Upper) -> None:
        if upper.directory is None:
            return
        short = upper.id[:12]
        base = f"containers/{upper.title}-{short}" if upper.title != short else f"containers/{short}"
        if upper.below is not None:
            tree: TreeTar = DifferenceTar(self.host, upper.directory, upper.below)
        else:
            tree = TreeTar(self.host, upper.directory, is_layer=True, has_marks=upper.has_marks)
        if not self._write("container", upper.title, f"{base}.tar", tree):
            return
        self.layers.append((upper, self.trees[-1]))
        container = upper.container
        about = {
            "id": upper.id,
            "name": container.name if container is not None else "",
            "image": container.image if container is not None else "",
            "image_id": container.image_id if container is not None else "",
            "parent_chain_id": f"sha256:{upper.parent}" if upper.parent else "",
            "driver": upper.driver,
            "directory": upper.directory,
        }
        self.target.put(f"{base}.json", layout.encoded(about))
        for name in ("config.v2.json", "hostconfig.json") if container is not None else ():
            # The settings needed to recreate the container, with its environment and so its passwords.
            try:
                content = (
                    self.host.read(join(container.directory, name), follow=False, limit_bytes=_CONFIG_BYTES)
                    if container is not None
                    else b""
                )
            except HostError:
                continue
            self.target.put(f"{base}.{name}", content, is_private=True)

    def _write(self, kind: str, name: str, file: str, tree: TreeTar, *, note: str = "") -> bool:
        try:
            size = tree.size()
            known = None if self.is_held else self.memory.find(file, tree.mark)
            if known is not None:
                self.target.bytes_kept += known.size
                self.trees.append(known)
                self.digests[file] = self.memory.noted[file].digest
                return True
            self.target.need(size, f"{kind} {name}")
            self.progress(f"{kind} {name}: {human(size)}")
            digest = sha256()
            with self.target.writing(file) as sink:
                for piece in with_progress(joined(tree.pieces()), f"{kind} {name}", size, self.progress):
                    digest.update(piece)
                    sink.write(piece)
        except UnprovenError as error:
            self._leave(kind, name, error.reason, is_unread=error.is_unread)
            return False
        except RefusedError as error:
            # A smaller one may still fit; the refusal is reported at the end.
            self.refused = error
            self._leave(kind, name, error.what)
            return False
        self.target.bytes_written += sink.size
        if tree.renamed:
            note = "it has directories renamed by overlayfs, which only a mount shows correctly"
        written = WrittenTree(kind=kind, name=name, file=file, size=sink.size, skipped=tuple(tree.skipped), note=note)
        self.trees.append(written)
        self.digests[file] = digest.hexdigest()
        if tree.lost:
            self._leave(
                kind, name, f"{tree.lost} of its files could not be read completely: {tree.skipped[0]}", is_unread=True
            )
        elif not self.is_held:
            self.memory.note(Noted(tree=written, mark=tree.mark, digest=digest.hexdigest()))
        return True

    def _leave(self, kind: str, name: str, reason: str, *, is_unread: bool = False) -> None:
        self.left.append(Left(kind=kind, name=name, reason=reason, is_unread=is_unread))


def _is_name(name: str) -> bool:
    """Whether the engine accepts a name for volumes and containers (moby daemon/names)."""
    return name[:1].isalnum() and name.isascii() and all(letter.isalnum() or letter in "_.-" for letter in name)
