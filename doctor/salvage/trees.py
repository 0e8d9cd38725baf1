"""Writes volumes and containers' writable layers as tars. Nothing can prove them: they are taken as they lie there."""

from doctor.facts.containers import Container, Containers
from doctor.facts.layer_graph import LayerGraph
from doctor.facts.volumes import VolumeDirectory, Volumes
from doctor.host.base import Host
from doctor.model.errors import RefusedError
from doctor.model.missing import HostError, Missing
from doctor.model.paths import join
from doctor.salvage import layout
from doctor.salvage.layer import UnprovenError
from doctor.salvage.target import Target
from doctor.salvage.tree import TreeTar
from doctor.salvage.values import Left, Tree
from doctor.scan.resolve import Facts

_OPTIONS_BYTES = 1 << 20


class TreeWriter:
    """Writes directories of one data root into a target."""

    def __init__(self, host: Host, target: Target) -> None:
        self.host = host
        self.target = target
        self.trees: list[Tree] = []
        self.left: list[Left] = []
        self.refused: RefusedError | None = None

    def volumes(self, facts: Facts) -> None:
        """Write every local volume."""
        found = facts.get(Volumes)
        if isinstance(found, Missing):
            self._leave("volume", "all volumes", found.reason, is_unread=not found.is_harmless)
            return
        self.target.make("volumes")
        for gap in found.gaps:
            self._leave("volume", "a volume", gap.reason, is_unread=True)
        for volume in found.items.values():
            self._volume(found, volume)

    def _volume(self, volumes: Volumes, volume: VolumeDirectory) -> None:
        if volume.data_kind != "d":
            self._leave("volume", volume.name, "it has no directory _data")
            return
        note = f"its data is on {volume.mount_type} {volume.mount_device}" if volume.mount_type else ""
        tree = TreeTar(self.host, join(volumes.top, volume.name, "_data"), is_layer=False)
        if not self._write("volume", volume.name, f"volumes/{volume.name}.tar", tree, note=note):
            return
        if volume.options_status == "ok":
            try:
                options = self.host.read(volumes.options_path(volume.name), follow=False, limit_bytes=_OPTIONS_BYTES)
            except HostError as error:
                self._leave("volume", volume.name, f"its options can't be read: {error}")
                return
            self.target.put(f"volumes/{volume.name}.opts.json", options)

    def containers(self, facts: Facts) -> None:
        """Write the writable layer of every container."""
        graph = facts.get(LayerGraph)
        if isinstance(graph, Missing):
            containers = facts.get(Containers)
            for container in containers.items if isinstance(containers, Containers) else ():
                self._leave("container", container.title, f"driver {container.driver}: writable layers not read yet")
            return
        self.target.make("containers")
        for identity in sorted(graph.layers.mounts.keys() | {one.id for one in graph.containers.items}):
            container = graph.containers.get(identity)
            if container is not None and container.driver not in {"", "overlay2"}:
                self._leave("container", container.title, f"driver {container.driver}: writable layers not read yet")
                continue
            self._container(graph, identity, container)

    def _container(self, graph: LayerGraph, identity: str, container: Container | None) -> None:
        title = graph.container_title(identity)
        record = graph.layers.mounts.get(identity)
        directory = record.mount_id if record is not None else None
        if directory not in graph.layers.directories:
            directory = graph.mount_of(identity)
        if not directory:
            self._leave("container", title, "nothing tells which directory is its writable layer")
            return
        base = f"containers/{title}-{identity[:12]}" if title != identity[:12] else f"containers/{title}"
        tree = TreeTar(self.host, graph.layers.directory_path(directory, "diff"), is_layer=True)
        if not self._write("container", title, f"{base}.tar", tree):
            return
        parent = graph.mount_parent(identity)
        about = {
            "id": identity,
            "name": container.name if container is not None else "",
            "image": container.image if container is not None else "",
            "image_id": container.image_id if container is not None else "",
            "parent_chain_id": f"sha256:{parent}" if parent else "",
            "directory": directory,
        }
        self.target.put(f"{base}.json", layout.encoded(about))

    def _write(self, kind: str, name: str, file: str, tree: TreeTar, *, note: str = "") -> bool:
        if not _is_name(name):
            self._leave(kind, name, "its name is no name that the engine gives")
            return False
        try:
            self.target.need(tree.size(), f"{kind} {name}")
            with self.target.writing(file) as sink:
                for piece in tree.pieces():
                    sink.write(piece)
        except UnprovenError as error:
            self._leave(kind, name, error.reason, is_unread=error.is_unread)
            return False
        except RefusedError as error:
            # A smaller one may still fit; the refusal is told in the end.
            self.refused = error
            self._leave(kind, name, error.what)
            return False
        self.target.bytes_written += sink.size
        if tree.lost:
            self._leave(
                kind, name, f"{tree.lost} of its files could not be read whole: {tree.skipped[0]}", is_unread=True
            )
        if tree.renamed:
            note = "it has directories renamed by overlayfs, which only a mount shows rightly"
        self.trees.append(Tree(kind=kind, name=name, file=file, size=sink.size, skipped=tuple(tree.skipped), note=note))
        return True

    def _leave(self, kind: str, name: str, reason: str, *, is_unread: bool = False) -> None:
        self.left.append(Left(kind=kind, name=name, reason=reason, is_unread=is_unread))


def _is_name(name: str) -> bool:
    """Whether a name is one that the engine accepts for volumes and containers (moby daemon/names)."""
    return name[:1].isalnum() and name.isascii() and all(letter.isalnum() or letter in "_.-" for letter in name)
