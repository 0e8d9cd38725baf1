"""Records the identity of a data root, and compares it with a record. Costs three listings and a dozen statx(2)."""

import re
from hashlib import sha256

from msgspec.structs import replace

from doctor.engines.docker import places as docker
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.engine.files import EngineId
from doctor.host.base import Host
from doctor.model.missing import HostError
from doctor.model.paths import HostPath, join
from doctor.model.root_identity import Likeness, RootIdentity, compare, missing_names, sketch

_PLACES = (
    docker.IMAGE,
    docker.CONTAINERS,
    docker.VOLUMES,
    docker.NETWORK,
    docker.OVERLAY2,
    docker.BUILDKIT,
    docker.CONTAINERD,
    docker.PLUGINS,
    docker.SWARM,
    docker.RUNTIMES,
)
_DIGITS = 12
_RANDOM = re.compile(r"[0-9a-f]{64}")


def root_identity(host: Host, root: DataRoot) -> RootIdentity:
    """Return the traits of a data root; a trait that can't be read is left out."""
    return _of(host, root, _listed(host, root))


def likeness(host: Host, root: DataRoot, recorded: RootIdentity) -> Likeness:
    """Compare this root with a recorded one."""
    return RootComparer(host, root).likeness(recorded)


class RootComparer:
    """Compares one root with any number of records; the root is read once."""

    def __init__(self, host: Host, root: DataRoot) -> None:
        self.host = host
        self._listed = _listed(host, root)
        self.here = _of(host, root, self._listed)

    def likeness(self, recorded: RootIdentity) -> Likeness:
        """Compare the root with a record."""
        return compare(recorded, replace(self.here, unknown_elders=self._elders(recorded)))

    def _elders(self, recorded: RootIdentity) -> int:
        """Return the number of names that the record should have and lacks; 0 for a record of the future, from a wrong clock."""
        if not recorded.when or recorded.when > self.here.when:
            return 0
        births = (self._birth(self._listed[name]) for name in missing_names(recorded, self.here))
        return sum(0 < born < recorded.known_until for born in births)

    def _birth(self, path: HostPath) -> int:
        try:
            return self.host.birth(path)[1]
        except HostError:
            return 0


def _of(host: Host, root: DataRoot, listed: dict[str, HostPath]) -> RootIdentity:
    named = (name for name in _names(host, root.at(docker.VOLUMES)) if not _RANDOM.fullmatch(name) and "." not in name)
    return RootIdentity(
        path=root.resolved,
        when=host.now(),
        engine_id=_engine_id(host, root),
        file_system=file_system(host, root.resolved),
        places=births(
            host, {".": root.resolved, **{one: root.at(one) for one in _PLACES if root.entries.get(one) == "d"}}
        ),
        names=sketch(set(listed)),
        volumes=sketch({sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:_DIGITS] for name in named}),
    )


def _listed(host: Host, root: DataRoot) -> dict[str, HostPath]:
    """Return the first digits of each random name, with its path."""
    return {
        name[:_DIGITS]: join(root.at(top), name)
        for top in (docker.OVERLAY2, docker.CONTAINERS, docker.VOLUMES)
        for name in _names(host, root.at(top))
        if _RANDOM.fullmatch(name)
    }


def births(host: Host, directories: dict[str, HostPath]) -> dict[str, tuple[int, int]]:
    """Return ``RootIdentity.places`` for directories by name: ``"."`` is the data root itself."""
    found = {}
    for name, path in directories.items():
        try:
            place = host.birth(path)
        except HostError:
            continue
        if place[0]:
            found[name] = place
    return found


def _engine_id(host: Host, root: DataRoot) -> str:
    path = join(root.resolved, docker.ENGINE_ID)
    try:
        raw = host.read(path, follow=False, limit_bytes=4096)
    except HostError:
        return ""
    found = EngineId(path=path, kind="f", text=raw.decode("utf-8", "replace").strip())
    return found.text if found.has_form else ""


def file_system(host: Host, path: HostPath) -> str:
    """Return ``RootIdentity.file_system`` of a directory, "" if it is unknown."""
    try:
        found = host.statfs(path)
    except HostError:
        return ""
    return f"{found.magic:x}:{found.fsid:x}" if found.fsid else ""


def _names(host: Host, path: HostPath) -> list[str]:
    try:
        return host.listdir(path, follow=False)
    except HostError:
        return []
