"""Reads resolv.conf and hosts of running containers: the host's files, never the container's view of them."""

import hashlib
from collections.abc import Iterable
from ipaddress import ip_address

from doctor.engines.docker import places as docker
from doctor.facts.containers.containers import Container, Containers
from doctor.facts.network.networks import Networks
from doctor.facts.path.ends.endpoints import PathEndpoint, PathEndpoints
from doctor.facts.path.ends.files import ChangedFile, NameFiles
from doctor.facts.path.resolvers import ADDRESS
from doctor.formats.network import resolv_conf
from doctor.formats.text import decode
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing
from doctor.model.paths import HostPath, join

_LARGEST_BYTES = 64 << 10
_SETTLED_S = 5
"""Seconds after its start in which a container's own programs write these files, as entrypoints do: that is its own will."""
_RESOLV_CONF, _HOSTS = "/etc/resolv.conf", "/etc/hosts"


@collector
def name_files(host: Host, containers: Containers, networks: Networks, endpoints: PathEndpoints) -> NameFiles:
    """Return the changed files of containers whose network nobody but the engine may set."""
    by_container: dict[str, list[PathEndpoint]] = {}
    for one in endpoints.made:
        by_container.setdefault(one.endpoint.container_id, []).append(one)
    reader = _NameReader(host)
    resolvers: list[ChangedFile] = []
    hosts: list[ChangedFile] = []
    names = _names(containers, networks)
    for identity, places in by_container.items():
        container = containers.get(identity)
        if container is None:
            continue
        mounted = {mount.destination for mount in container.mounts}
        try:
            if _RESOLV_CONF not in mounted and (found := reader.resolver(container, places)):
                resolvers.append(found)
            if _HOSTS not in mounted and (found := reader.hosts(container, places, names)):
                hosts.append(found)
        except HostError as error:
            reader.gaps += () if error.is_absent else (error.missing,)
    return NameFiles(
        resolvers=tuple(reader.restored(one) for one in resolvers),
        hosts=tuple(hosts),
        gaps=reader.gaps,
    )


class _NameReader:
    """Reads the files of one container after the other; ``unchanged`` are the contents of resolv.conf that the engine wrote, by their digest."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.unchanged: dict[tuple[str, bool], bytes] = {}
        self.digests: dict[str, str] = {}
        self.gaps: tuple[Missing, ...] = ()

    def _read(self, path: HostPath) -> bytes:
        return self._host.read(path, follow=False, limit_bytes=_LARGEST_BYTES)

    def resolver(self, container: Container, places: list[PathEndpoint]) -> ChangedFile | None:
        """Return the container's resolv.conf if its digest is not that which the engine noted."""
        path = join(container.directory, docker.RESOLV_CONF)
        now = self._read(path)
        noted = decode(self._read(join(container.directory, docker.RESOLV_CONF_HASH))).strip()
        is_own = any(not place.network.is_default for place in places)
        servers = resolv_conf.parse(decode(now)).nameservers
        # On a network of a user, the engine notes the digest of the text before it puts its own name server there.
        is_unchanged = ADDRESS in servers if is_own else f"sha256:{hashlib.sha256(now).hexdigest()}" == noted
        if is_unchanged:
            self.unchanged[noted, is_own] = now
            return None
        # Programs that write another server want it; a file without any serves nobody.
        if servers and not self._is_late(container, path):
            return None
        self.digests[path] = noted
        return ChangedFile(container=container.title, path=path, now=now, servers=servers, is_own=is_own)

    def hosts(
        self, container: Container, places: list[PathEndpoint], names: dict[str, dict[str, set[str]]]
    ) -> ChangedFile | None:
        """Return the container's hosts file if it gives another container's name a foreign address."""
        path = join(container.directory, docker.HOSTS)
        now = self._read(path)
        known = {
            name: addresses
            for place in places
            if not place.network.is_default
            for name, addresses in names.get(place.network.id, {}).items()
        }
        chosen = {word.partition(":")[0] for word in ([] if container.host is None else container.host.extra_hosts)}
        lines = tuple(_hiding(decode(now), known, own=chosen | {container.name}))
        if not lines or not self._is_late(container, path):
            return None
        wrong = {line for line, _, _ in lines}
        wanted = "".join(line for line in decode(now).splitlines(keepends=True) if line.rstrip("\n") not in wrong)
        return ChangedFile(container=container.title, path=path, now=now, wanted=wanted.encode(), lines=lines)

    def restored(self, one: ChangedFile) -> ChangedFile:
        """Give a resolv.conf the engine's content: that of another container's file for which the engine noted the same digest."""
        from msgspec.structs import replace  # noqa: PLC0415 - only for a changed file

        return replace(one, wanted=self.unchanged.get((self.digests[one.path], one.is_own), b""))

    def _is_late(self, container: Container, path: HostPath) -> bool:
        from datetime import datetime  # noqa: PLC0415 - only for a changed file

        try:
            started = datetime.fromisoformat(container.state.started_at).timestamp()
        except ValueError:
            return False
        return self._host.lstat(path).mtime_ns / 1e9 > started + _SETTLED_S


def _names(containers: Containers, networks: Networks) -> dict[str, dict[str, set[str]]]:
    """Network → name of a container on it → its addresses there."""
    found: dict[str, dict[str, set[str]]] = {}
    for endpoint in networks.running:
        container = containers.get(endpoint.container_id)
        if container is not None and container.name:
            addresses = found.setdefault(endpoint.network_id, {}).setdefault(container.name, set())
            addresses.update(filter(None, (endpoint.ip, endpoint.ip6)))
    return found


def _hiding(text: str, known: dict[str, set[str]], own: set[str]) -> Iterable[tuple[str, str, str]]:
    """Yield (line, name, right address) of the lines that give a container's name an address of nobody."""
    for line in text.splitlines():
        address, *names = line.partition("#")[0].split() or [""]
        for name in names:
            right = known.get(name)
            if right and name not in own and _plain(address) and _plain(address) not in right:
                yield line, name, min(right)
                break


def _plain(address: str) -> str:
    try:
        return str(ip_address(address))
    except ValueError:
        return ""
