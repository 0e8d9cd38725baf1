"""Reads the engine's networks: from its database, else from its API."""

from collections.abc import Iterator
from typing import Any

from doctor.collect.network.records import API_SOURCE, endpoint_of, network_of, networks_of_api
from doctor.engines.docker import places as docker
from doctor.facts.containers.containers import Container, Containers
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.network.networks import Endpoint, Network, Networks
from doctor.formats.databases import bolt
from doctor.formats.json_safe import load
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.errors import FormatError
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath

_PREFIX = docker.NETWORK_KEYS.encode()
_KINDS = (b"network", b"bridge", b"bridge-endpoint")
_LIMIT_BYTES = 64 << 20

Records = dict[str, dict[str, dict[str, Any]]]
"""Kind → id → record."""


@collector
def networks(host: Host, root: DataRoot, containers: Containers | Missing) -> Networks:
    """Return the networks.

    The database is read first: unlike the API it has the interface, the addresses and the mapped ports of each endpoint, and
    it can be read if the engine is dead or hung. The API is used if the database can't be read.
    """
    path = root.at(docker.NETWORK_DATABASE)
    items = () if isinstance(containers, Missing) else containers.items
    gaps = () if not isinstance(containers, Missing) or containers.is_harmless else (containers,)
    alive = {container.id for container in items if is_alive(host, container)}
    try:
        records, damage = _read(host, path)
    except HostError as error:
        return _from_api(host, items, alive, error.missing)
    except FormatError as error:
        return _from_api(host, items, alive, Missing.undecodable(path, str(error)))
    return Networks(
        items=tuple(_networks(records)),
        endpoints=tuple(_endpoints(records, items, alive)),
        source=path,
        gaps=gaps + damage,
    )


def _read(host: Host, path: HostPath) -> tuple[Records, tuple[Missing, ...]]:
    """Return the records by kind and id, and the corrupt parts of the database."""
    database = bolt.read(host.read(path, follow=False, limit_bytes=_LIMIT_BYTES))
    if database.is_empty:
        raise FormatError("it is empty")
    best = database.best
    generation = best or database.generations[0]
    damage: tuple[Missing, ...] = () if best else (Missing.undecodable(path, generation.errors[0]),)
    bucket = generation.root.at(docker.NETWORK_BUCKET)
    records: Records = {}
    for key, value in () if bucket is None else bucket.keys.items():
        kind, _, rest = key.removeprefix(_PREFIX).partition(b"/")
        identity = rest.strip(b"/").decode("ascii", "replace").rpartition("/")[2]
        # A value is the record's index, eight bytes, then JSON (moby libnetwork/internal/kvstore/boltdb).
        if kind not in _KINDS or len(value) <= 8:
            continue
        try:
            record = load(value[8:])
        except FormatError as error:
            damage += (Missing.undecodable(path, f"record {kind.decode('ascii', 'replace')}/{identity[:12]}: {error}"),)
            continue
        if isinstance(record, dict):
            records.setdefault(kind.decode(), {})[identity] = record
    return records, damage


def _networks(records: Records) -> Iterator[Network]:
    stored = records.get("network", {})
    bridges = records.get("bridge", {})
    for identity in sorted({*stored, *bridges}):
        yield network_of(identity, stored.get(identity, {}), bridges.get(identity))


def _endpoints(records: Records, containers: tuple[Container, ...], alive: set[str]) -> Iterator[Endpoint]:
    owners = {
        attachment.endpoint_id: container
        for container in containers
        for attachment in container.networks
        if attachment.endpoint_id
    }
    for identity, record in records.get("bridge-endpoint", {}).items():
        owner = owners.get(identity)
        yield endpoint_of(identity, record, owner, is_running=owner is not None and owner.id in alive)


def is_alive(host: Host, container: Container) -> bool:
    """Whether the first process still belongs to the container: after a crash the file has "running", and pids are reused."""
    if not container.state.running or container.state.pid <= 0:
        return False
    try:
        membership = host.read(HostPath(f"/proc/{container.state.pid}/cgroup"), follow=False)
    except HostError:
        return False
    return container.id.encode() in membership


def _from_api(host: Host, containers: tuple[Container, ...], alive: set[str], reason: Missing) -> Networks:
    """Ask the engine; if it does not answer either, report the database's problem."""
    try:
        listed = host.engine("/networks")
        running = host.engine("/containers/json")
        answers = load(listed.body), load(running.body)
    except FormatError as error:
        raise HostError(Missing(Why.UNREADABLE, f"{API_SOURCE}: {error}")) from error
    except HostError as error:
        raise HostError(reason) from error
    if listed.status != 200 or running.status != 200:
        raise HostError(reason)
    return networks_of_api(*answers, containers, alive)
