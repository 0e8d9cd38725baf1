"""Finds stale files in an overlay2 root. A healthy root has no candidates, and then nothing is read."""

from collections.abc import Callable

from doctor.engines.docker import places as docker
from doctor.facts.containers.lost import LostContainers
from doctor.facts.databases.databases import BuildkitDatabases
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.engine.state import EngineState
from doctor.facts.host.mounts import Mounts
from doctor.facts.layers.graph import LayerGraph
from doctor.facts.layers.leftovers import Leftovers, LostLayer
from doctor.facts.layers.orphans import doubt, mounted, named_by_buildkit, recorded, stood_on
from doctor.facts.layers.records import DIRECTORY_NAME
from doctor.formats.images.oci_digest import is_hex64
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath, join

_MARGIN_S = 5.0


@collector
def leftovers(  # noqa: PLR0917 - the engine supplies them by type
    host: Host,
    root: DataRoot,
    graph: LayerGraph,
    lost: LostContainers | Missing,
    mounts: Mounts | Missing,
    buildkit: BuildkitDatabases | Missing,
    state: EngineState | Missing,
) -> Leftovers:
    """Return the stale files; under a running engine only those older than the engine's start."""
    is_up = isinstance(state, EngineState) and bool(state.pid or state.is_running)
    look = _LeftoverLook(host, state.started if isinstance(state, EngineState) and is_up else None)
    layers = graph.layers
    vanished = {one.id for one in lost.items} if isinstance(lost, LostContainers) else set()
    known = vanished | {*graph.containers.directories, *graph.containers.strays}
    used = recorded(graph)
    unused = {name for name in layers.directories if name not in used}
    if unused:
        used |= mounted(graph, mounts, unused) | named_by_buildkit(buildkit, unused)
        unused -= used | stood_on(graph, used)
    orphans, pairs, foreign = _sort(graph, unused)
    unknown = doubt(graph, buildkit) if orphans else ""
    # Without its list of names the image store is lost, which another check reports.
    is_bare = graph.images.tags.status == "ok" and not (
        layers.records or graph.images.configs or graph.images.tags.entries or graph.containers.items
    )
    return Leftovers(
        is_engine_up=is_up,
        write_sets=look.settled(layers.unfinished, layers.unfinished_path),
        mounts=tuple(
            name
            for name in look.settled(_empty_records(graph, known), layers.mount_path)
            if look.names(layers.mount_path(name)) == ()
        ),
        merged=_merged(look, graph, mounts),
        image_files=look.settled(graph.images.strays, graph.images.path_of),
        containers=_containers(look, root, graph),
        orphans=() if unknown else look.settled(orphans, layers.directory_path),
        undecided=look.settled(orphans, layers.directory_path) if unknown and is_bare else (),
        foreign=look.settled(foreign, layers.directory_path),
        lost_layers=tuple(
            LostLayer(
                directory=name,
                has_files=look.names(layers.diff_path(name)) != (),
                below=graph.parents.get(docker.init_layer(name), ""),
            )
            for name in look.settled(pairs, layers.directory_path)
        ),
        unknown=unknown,
        gaps=tuple(look.gaps),
    )


class _LeftoverLook:
    """Reads candidates."""

    def __init__(self, host: Host, started: float | None) -> None:
        self.host = host
        self.started = started
        self.gaps: list[Missing] = []

    def settled(self, names: tuple[str, ...] | set[str], place: Callable[[str], HostPath]) -> tuple[str, ...]:
        """Return the names, sorted, that no running engine can be working on: older than its start, or no engine runs."""
        return tuple(name for name in sorted(names) if self.is_settled(place(name)))

    def is_settled(self, path: HostPath) -> bool:
        """Whether a path is older than the running engine's start."""
        if self.started is None:
            return True
        try:
            return self.host.lstat(path, follow=False).mtime_ns / 1e9 < self.started - _MARGIN_S
        except HostError:
            return False

    def is_of_one_disk(self, path: HostPath, above: HostPath) -> bool:
        """Whether nothing is mounted at a path, independently of the mount table and its prediction.

        The files in a mount belong to a container, and moving them away would empty the container.
        """
        try:
            return self.host.lstat(path, follow=False).device == self.host.lstat(above, follow=False).device
        except HostError:
            return False

    def names(self, path: HostPath) -> tuple[str, ...] | None:
        """Return the names in a directory, sorted; ``None`` if it is not a directory or can't be read."""
        try:
            return tuple(self.host.listdir(path, follow=False))
        except HostError as error:
            if error.missing.why in {Why.DENIED, Why.TIMED_OUT}:
                self.gaps.append(error.missing)
            return None


def _sort(graph: LayerGraph, unused: set[str]) -> tuple[set[str], set[str], set[str]]:
    """Classify unused directories by name: layers, writable layers, and names that no engine creates."""
    pairs = {name for name in graph.layers.unused_pairs() if name in unused and DIRECTORY_NAME.fullmatch(name)}
    for container in graph.containers.items:
        if graph.is_mount_lost(container.id):
            # One of these belongs to it, which another check reports. If the layer below is unknown, any may be.
            is_known = graph.mount_parent(container.id) in graph.cache
            pairs -= set(graph.mount_candidates(container.id)) if is_known else set(pairs)
    inits = {docker.init_layer(name) for name in graph.layers.unused_pairs()}
    orphans: set[str] = set()
    foreign: set[str] = set()
    for name in unused - inits - set(graph.layers.unused_pairs()):
        is_layer = DIRECTORY_NAME.fullmatch(name.removesuffix(docker.INIT_SUFFIX)) is not None
        (orphans if is_layer else foreign).add(name)
    return orphans, pairs, foreign


def _empty_records(graph: LayerGraph, known: set[str]) -> set[str]:
    return {
        name
        for name, record in graph.layers.mounts.items()
        if name not in known and record.mount_id is None and record.init_id is None and record.parent is None
    }


def _merged(look: _LeftoverLook, graph: LayerGraph, mounts: Mounts | Missing) -> dict[str, tuple[str, ...]]:
    points = set() if isinstance(mounts, Missing) else {mount.mount_point for mount in mounts.items}
    found = {}
    for name, directory in graph.layers.directories.items():
        path = graph.layers.directory_path(name, docker.MERGED)
        if not directory.has_merged or path in points or not look.is_of_one_disk(path, graph.layers.overlay2):
            continue
        names = look.names(path)
        if names and look.is_settled(path):
            found[name] = names
    return found


def _containers(look: _LeftoverLook, root: DataRoot, graph: LayerGraph) -> dict[HostPath, bool]:
    top = root.at(docker.CONTAINERS)
    hollow = {
        broken.container_id
        for broken in graph.containers.broken
        if broken.file == docker.CONTAINER_CONFIG
        and broken.is_missing
        and broken.container_id not in graph.layers.mounts
    }
    names = hollow | {name for name in graph.containers.strays if not is_hex64(name)}
    return {path: look.names(path) == () for name in sorted(names) if look.is_settled(path := join(top, name))}
