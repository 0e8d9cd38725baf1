"""Writes volumes and containers' writable layers as tars. They can't be proven and are copied as they are."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from hashlib import sha256

from doctor.host.base import Host
from doctor.model.errors import RefusedError
from doctor.model.missing import HostError
from doctor.salvage import layout
from doctor.salvage.full_copies import DifferenceTar
from doctor.salvage.layer import UnprovenError, joined
from doctor.salvage.layered import Layered
from doctor.salvage.memory import Noted, TargetMemory
from doctor.salvage.progress import human, with_progress
from doctor.salvage.reader import FoundVolume, FoundVolumes, Upper
from doctor.salvage.results import Left, Written, WrittenTree
from doctor.salvage.target import Target
from doctor.salvage.tree import TreeTar
from doctor.salvage.volumes import FOLDER, SCRIPT, Recipe, script

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

    def volumes(self, found: FoundVolumes, folder: str = FOLDER) -> None:
        """Write every volume into a folder of the target, and the script that recreates them."""
        if found.missing is not None:
            self._leave("volume", "all volumes", found.missing.reason, is_unread=not found.missing.is_harmless)
            return
        self.target.make(folder)
        for gap in found.gaps:
            self._leave("volume", "a volume", gap.reason, is_unread=True)
        made: list[tuple[Recipe, bool]] = []
        for volume in found.items:
            recipe = volume.recipe
            if not _is_name(recipe.name):
                problem = "its name is not valid for the engine" if volume.is_listed else volume.problem
                self._leave("volume", recipe.name, problem)
                continue
            has_data = self._volume(volume, folder)
            self.target.put(f"{folder}/{recipe.name}.json", recipe.document(), is_private=True)
            made.append((recipe, has_data and not recipe.is_elsewhere))
        if made:
            self.target.put(f"{folder}/{SCRIPT}", script(made), is_private=True)

    def _volume(self, volume: FoundVolume, folder: str) -> bool:
        recipe = volume.recipe
        if volume.directory is None:
            self._leave("volume", recipe.name, volume.problem)
            return False
        notes = [recipe.origin] if recipe.origin else []
        if recipe.is_elsewhere:
            notes.append(f"its data is on {volume.place}, not here" if volume.place else "its data is elsewhere")
        tree = TreeTar(self.host, volume.directory, is_layer=False)
        return self._write("volume", recipe.name, f"{folder}/{recipe.name}.tar", tree, note="; ".join(notes))

    def containers(self, found: Iterable[Upper]) -> None:
        """Write the writable layer of every container, with its settings."""
        self.target.make("containers")
        for upper in found:
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
        for path in upper.settings:
            # Its environment, and so its passwords, are in them.
            with suppress(HostError):
                content = self.host.read(path, follow=False, limit_bytes=_CONFIG_BYTES)
                self.target.put(f"{base}.{path.rpartition('/')[2]}", content, is_private=True)

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
                earlier = self._set_aside(file, digest.hexdigest(), is_worse=bool(tree.lost))
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
        if earlier:
            note = "; ".join(filter(None, (note, f"the tar of an earlier salvage differs and is kept as {earlier}")))
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

    def _set_aside(self, file: str, digest: str, *, is_worse: bool) -> str:
        """Rename the tar of an earlier salvage whose content is another; return its new name, "" if it is replaced.

        A dead engine changes nothing: what differs has been lost or damaged since. A running one changes its data all the time,
        so there only a tar that could not be read completely replaces nothing.
        """
        if self.is_held and not is_worse:
            return ""
        return "" if self.memory.digest(file) in {"", digest} else self.target.set_aside(file)

    def _leave(self, kind: str, name: str, reason: str, *, is_unread: bool = False) -> None:
        self.left.append(Left(kind=kind, name=name, reason=reason, is_unread=is_unread))


def _is_name(name: str) -> bool:
    """Whether the engine accepts a name for volumes and containers (moby daemon/names)."""
    return name[:1].isalnum() and name.isascii() and all(letter.isalnum() or letter in "_.-" for letter in name)
