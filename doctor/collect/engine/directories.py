"""Checks the directories that dockerd creates only at its start, and needs as long as it runs.

Determined by moving each directory of the data root and of the exec root away under dockerd 26.1.5. Left out are those that it
recreates (``image/*/layerdb``, ``volumes``, ``image/*/imagedb/metadata``), those that it never opens again (``network``,
``containerd``), and those whose records other checks report (``image/*/imagedb/content``, and ``overlay2/l`` if there are layers).
"""

from collections.abc import Iterator

from doctor.engines.docker import places as docker
from doctor.facts.config.engine import EngineConfig
from doctor.facts.containers.containers import Container, Containers
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.engine.details import GoneDirectory, LostState
from doctor.facts.engine.directories import EngineDirectories
from doctor.facts.engine.state import EngineState
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath, join

_PLACES = (
    (docker.TMP, 0o700, "docker save, load, pull and builds without BuildKit fail"),
    (docker.CONTAINERS, 0o710, "no container can be created"),
    (docker.PLUGINS, 0o700, "no plugin can be installed"),
    (docker.PLUGINS_TMP, 0o700, "no plugin can be installed"),
    (docker.BUILDKIT_EXECUTOR, 0o711, "each RUN of a build fails"),
    (docker.BUILDKIT_INGEST, 0o755, "builds can't fetch images"),
)
_DEFAULT_RUNTIMES = frozenset({"", docker.RUNC})


@collector
def engine_directories(
    host: Host, state: EngineState, config: EngineConfig, root: DataRoot, containers: Containers | Missing
) -> EngineDirectories:
    """Return the missing directories; absent if the engine does not run, because its start creates them."""
    # Podman or a proxy may answer at the default socket: then there is no dockerd process.
    if not state.is_running or not state.pid or not host.is_live():
        raise HostError(Missing(Why.ABSENT, "the engine does not run"))
    look = _DirectoryLook(host)
    gone = list(_of_root(look, root, _own_tmp(host, state.pid)))
    lost: list[LostState] = []
    running = [] if isinstance(containers, Missing) else [one for one in containers.items if _runs(host, one)]
    if running:
        top = host.resolve(config.exec_root)
        pipes = join(top, docker.EXEC_CONTAINERD)
        # Under userns-remap the names of bundles end in user and group (moby libcontainerd, WithBundle).
        has_plain_bundles = root.mapped_root is None
        if has_plain_bundles and look.is_gone(pipes):
            gone.append(GoneDirectory(path=pipes, mode=0o700, breaks="no container can be started or entered"))
        for container in running:
            bundle = join(pipes, container.id)
            if has_plain_bundles and look.is_gone(bundle) and _runs(host, container):
                breaks = f"docker exec and a start of {container.title} fail"
                gone.append(GoneDirectory(path=bundle, mode=0o755, breaks=breaks))
            place = join(top, docker.RUNC_STATE, container.id)
            is_runc = container.host is not None and container.host.runtime in _DEFAULT_RUNTIMES
            # It may have ended between the two reads.
            if is_runc and look.is_gone(join(place, docker.RUNTIME_STATE)) and _runs(host, container):
                lost.append(LostState(name=container.title, pid=container.state.pid, path=place))
    return EngineDirectories(gone=tuple(gone), lost=tuple(lost), gaps=tuple(look.gaps))


class _DirectoryLook:
    """Checks whether paths exist; what can't be examined is a gap and not missing."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.gaps: list[Missing] = []

    def is_gone(self, path: HostPath) -> bool:
        """Whether a path does not exist."""
        try:
            self.host.lstat(path)
        except HostError as error:
            if not error.is_absent:
                self.gaps.append(error.missing)
            return error.is_absent
        return False

    def is_without_layers(self, path: HostPath) -> bool:
        """Whether a directory exists whose entries, if any, are only mount points that could not be deleted."""
        try:
            names = self.host.listdir(path)
        except HostError:
            return False
        return not any(self.host.exists(HostPath(f"{path}/{name}/{docker.LINK}")) for name in names)


def _of_root(look: _DirectoryLook, root: DataRoot, own_tmp: str) -> Iterator[GoneDirectory]:
    """Yield those of the data root, also if the parent is missing; not BuildKit's, which an engine may lack."""
    uid = root.uid if root.mapped_root is not None or not root.is_of_root else 0
    for name, mode, breaks in _PLACES:
        # The group of the mapped root traverses the directory of containers (moby daemon.go).
        gid = root.gid if uid or (name == docker.CONTAINERS and root.mapped_root is not None) else 0
        path = HostPath(f"{root.resolved}/{name}")
        if name == docker.TMP and own_tmp:
            if not own_tmp.startswith("/"):
                continue
            path = HostPath(own_tmp.rstrip("/"))
        if name.startswith(f"{docker.BUILDKIT}/") and look.is_gone(HostPath(path.rpartition("/")[0])):
            continue
        if look.is_gone(path):
            yield GoneDirectory(path=path, mode=mode, uid=uid, gid=gid, breaks=breaks)
    links = HostPath(f"{root.resolved}/{docker.OVERLAY2}/{docker.SHORT_LINKS}")
    if look.is_gone(links) and look.is_without_layers(HostPath(links.rpartition("/")[0])):
        yield GoneDirectory(path=links, mode=0o700, uid=uid, breaks="no image can be pulled and no container created")


def _own_tmp(host: Host, pid: int) -> str:
    """Return the directory that DOCKER_TMPDIR names instead of ``tmp``, "" for none, "?" if that can't be read."""
    try:
        return host.environ(pid).get("DOCKER_TMPDIR", "")
    except HostError as error:
        # A recorded host has no environments; then only the default path is judged.
        return "" if error.missing.why in {Why.ABSENT, Why.UNSUPPORTED} else "?"


def _runs(host: Host, container: Container) -> bool:
    return container.state.running and container.state.pid > 0 and host.exists(HostPath(f"/proc/{container.state.pid}"))
