"""Asks for the immutable and append-only flags of what the engine writes: one statx(2) each, nothing is opened."""

from collections.abc import Iterator

from doctor.facts.containers.containers import Containers
from doctor.facts.databases.databases import BUILDKIT_FILES
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.engine.held_files import IMMUTABLE, HeldFile, HeldFiles
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing
from doctor.model.paths import HostPath, join

# Tried with dockerd 26.1.5, each made immutable alone. What is not here made no difference to a start or a new container.
_OF_ENGINE: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("", (".", "overlay2", "runtimes"), "start"),
    ("network/files", ("local-kv.db",), "start"),
    ("volumes", ("metadata.db",), "start"),
    ("buildkit", BUILDKIT_FILES, "start"),
    ("containerd/daemon", (".",), "start"),
    ("containerd/daemon/io.containerd.metadata.v1.bolt", ("meta.db",), "start"),
    ("", ("containers", "volumes"), "create"),
    ("overlay2", ("l",), "create"),
    ("image/overlay2", (".", "repositories.json"), "create"),
    ("image/overlay2/layerdb", ("sha256", "mounts"), "create"),
    ("image/overlay2/imagedb/content", ("sha256",), "create"),
)
_OF_CONTAINER = {
    ".": "load",
    "hosts": "run",
    "hostname": "run",
    "resolv.conf": "run",
    "config.v2.json": "save",
    "hostconfig.json": "save",
}


@collector
def held_files(host: Host, root: DataRoot, containers: Containers | Missing) -> HeldFiles:
    """Return what nobody can change."""
    gaps: list[Missing] = []
    items = []
    for place, names, costs in _OF_ENGINE:
        top = root.at(*place.split("/")) if place else root.resolved
        found = _ask(host, top, names, gaps)
        items += [HeldFile(path=_path(top, name), flags=flags, costs=costs) for name, flags in found.items()]
    for container in containers.items if isinstance(containers, Containers) else ():
        items += _of_container(host, container.directory, container.id, container.title, gaps)
    return HeldFiles(items=tuple(items), root_is_empty=not root.entries, gaps=tuple(gaps))


def _of_container(
    host: Host, directory: HostPath, identity: str, title: str, gaps: list[Missing]
) -> Iterator[HeldFile]:
    log = f"{identity}-json.log"
    for name, flags in _ask(host, directory, (*_OF_CONTAINER, log), gaps).items():
        # dockerd opens a log to append to it, so that flag is no hindrance; some set it on purpose.
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
