"""Reads the immutable and append-only flags of files that the engine writes: one statx(2) each, nothing is opened."""

from collections.abc import Iterator

from doctor.engines.containerd import places as containerd
from doctor.engines.docker import places as docker
from doctor.facts.containers.containers import Containers
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.engine.held_files import IMMUTABLE, HeldFile, HeldFiles
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing
from doctor.model.paths import HostPath, join

_STORE = docker.image_store()


def _within(costs: str, *paths: str) -> tuple[str, tuple[str, ...], str]:
    """Return the directory of the paths, their names in it, and the operation that fails if they are immutable."""
    return paths[0].rpartition("/")[0], tuple(path.rpartition("/")[2] for path in paths), costs


# Tried with dockerd 26.1.5, each made immutable alone. Other files did not affect a start or a new container.
_OF_ENGINE: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("", (".", docker.OVERLAY2, docker.RUNTIMES), "start"),
    _within("start", docker.NETWORK_DATABASE),
    _within("start", docker.VOLUME_DATABASE),
    (docker.BUILDKIT, docker.BUILDKIT_DATABASES, "start"),
    (docker.OWN_CONTAINERD, (".",), "start"),
    _within("start", f"{docker.OWN_CONTAINERD}/{containerd.METADATA_DATABASE}"),
    ("", (docker.CONTAINERS, docker.VOLUMES), "create"),
    (docker.OVERLAY2, (docker.SHORT_LINKS,), "create"),
    (_STORE, (".", docker.TAGS), "create"),
    _within("create", f"{_STORE}/{docker.LAYER_RECORDS}", f"{_STORE}/{docker.MOUNT_RECORDS}"),
    _within("create", f"{_STORE}/{docker.IMAGE_CONFIGS}"),
)
_OF_CONTAINER = {
    ".": "load",
    docker.HOSTS: "run",
    docker.HOSTNAME: "run",
    docker.RESOLV_CONF: "run",
    docker.CONTAINER_CONFIG: "save",
    docker.HOST_CONFIG: "save",
}


@collector
def held_files(host: Host, root: DataRoot, containers: Containers | Missing) -> HeldFiles:
    """Return the files that can't be changed."""
    gaps: list[Missing] = []
    items = []
    for place, names, costs in _OF_ENGINE:
        top = root.at(place) if place else root.resolved
        found = _ask(host, top, names, gaps)
        items += [HeldFile(path=_path(top, name), flags=flags, costs=costs) for name, flags in found.items()]
    for container in containers.items if isinstance(containers, Containers) else ():
        items += _of_container(host, container.directory, container.id, container.title, gaps)
    return HeldFiles(items=tuple(items), root_is_empty=not root.entries, gaps=tuple(gaps))


def _of_container(
    host: Host, directory: HostPath, identity: str, title: str, gaps: list[Missing]
) -> Iterator[HeldFile]:
    log = docker.log_name(identity)
    for name, flags in _ask(host, directory, (*_OF_CONTAINER, log), gaps).items():
        # dockerd appends to its logs, so append-only is harmless there, and may be set on purpose.
        if name != log or flags & IMMUTABLE:
            path = _path(directory, name)
            yield HeldFile(path=path, flags=flags, costs=_OF_CONTAINER.get(name, "run"), container=title)


def _path(top: HostPath, name: str) -> HostPath:
    return top if name == "." else join(top, name)


def _ask(host: Host, top: HostPath, names: tuple[str, ...], gaps: list[Missing]) -> dict[str, int]:
    try:
        return host.held(top, names)
    except HostError as error:
        if not error.is_absent:
            gaps.append(error.missing)
        return {}
