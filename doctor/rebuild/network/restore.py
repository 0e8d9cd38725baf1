"""Restores networks that an intact but older network database lacks, and keeps all its records."""

from msgspec import Struct
from msgspec.structs import replace

from doctor.engines.docker import places as docker
from doctor.facts.containers.containers import Container, Containers
from doctor.facts.databases.databases import NetworkDatabase
from doctor.facts.network.needs import wanted_networks
from doctor.facts.network.remains import NetworkRemains
from doctor.facts.network.traces import NetworkTraces
from doctor.formats.databases.bolt import Bucket, read
from doctor.formats.network.libnetwork import parts


class Rolled(Struct, frozen=True, kw_only=True):
    """A network that the database lacks.

    Attributes:
        identity: its id; ``name`` as its containers have it.
        containers: titles of its containers.
        proof: evidence that it was not removed on purpose ("web ran in it"), "" if it may have been.
        doubt: evidence of a loss that is not a proof, "" for none.
    """

    identity: str
    name: str
    containers: tuple[str, ...]
    proof: str = ""
    doubt: str = ""


def rolled_networks(database: NetworkDatabase, containers: Containers) -> tuple[Rolled, ...]:
    """Return the networks that an older database lost.

    A network with only stopped containers can be removed, and they still name it: that is not a fault. A network with a
    running container can't be removed (libnetwork: "has active endpoints"), and a container that the engine restarts by
    itself and that nobody stopped is down only if its start failed.
    """
    found = []
    for identity in wanted_networks(containers).keys() - database.networks.keys():
        members = [(one, place) for one in containers.items for place in one.networks if place.network_id == identity]
        ran = [one for one, place in members if one.state.running and place.endpoint_id]
        failed = [one for one, _ in members if _failed_for(one, identity)]
        found.append(
            Rolled(
                identity=identity,
                name=members[0][1].name,
                containers=tuple(one.title for one, _ in members),
                proof=f"{_titles(ran)} ran in it when the engine died" if ran else "",
                doubt=f"{_titles(failed)} restarts by itself, was not stopped by hand, and its start failed without it"
                if failed
                else "",
            )
        )
    return tuple(sorted((one for one in found if one.proof or one.doubt), key=lambda one: one.name))


def _failed_for(container: Container, identity: str) -> bool:
    state = container.state
    return not state.running and not container.stopped_by_hand and container.restarts_itself and identity in state.error


def _titles(containers: list[Container]) -> str:
    return ", ".join(container.title for container in containers[:4])


class RestoredNetwork(Struct, frozen=True, kw_only=True):
    """The records that restore a network.

    Attributes:
        records: key → value, {} if they are unknown.
        origin: the source of the network's own record; the reason if records is empty.
    """

    records: dict[bytes, bytes]
    origin: str


class AddRecords(Struct, frozen=True, kw_only=True):
    """A pure edit for ``EditFile``: adds these records of libnetwork to the newest whole tree."""

    records: dict[bytes, bytes]

    def __call__(self, data: bytes) -> bytes:
        """Return the new file; existing records are kept. Raises ``FormatError``."""
        from doctor.formats.databases.bolt_write import write  # noqa: PLC0415 - only a repair writes

        best = read(data).best
        root = best.root if best is not None else Bucket()
        there = root.at(docker.NETWORK_BUCKET) or Bucket()
        if self.records.keys() <= there.keys.keys():
            return data
        merged = Bucket(keys={**self.records, **there.keys}, buckets=there.buckets, sequence=there.sequence)
        buckets = {**root.buckets, docker.NETWORK_BUCKET.encode(): merged}
        return write(Bucket(keys=root.keys, buckets=buckets, sequence=root.sequence))


def restored_network(
    remains: NetworkRemains,
    database: NetworkDatabase,
    containers: Containers,
    identity: str,
    traces: NetworkTraces = NetworkTraces(),  # noqa: B008 - frozen
) -> RestoredNetwork:
    """Return the records to add for one network.

    Its own record is preferred, since an inferred one has no labels and options. Endpoints are omitted, since nothing
    runs; the engine recreates them at a start. The result is empty if another network has its name or addresses now.
    """
    from doctor.rebuild.network.records import clashes, rebuild_networks, subnets_in  # noqa: PLC0415 - most lack nothing

    traces = replace(traces, busy=(*traces.busy, *subnets_in(remains.tree)))
    sources: tuple[tuple[dict[bytes, bytes], str], ...] = (
        (remains.pages, "its record in an unused page"),
        (remains.kept, f"the backup {remains.age}"),
        ({}, ""),
    )
    for records, origin in sources:
        own = {key: value for key, value in records.items() if _identity(key) == identity}
        if origin and not any(_kind(key) == "network" for key in own):
            continue
        made = rebuild_networks(replace(database, salvaged=own), _members(containers, identity), traces)
        if not made.content:
            continue
        best = read(made.content).best
        found = (best.root.at(docker.NETWORK_BUCKET) if best is not None else None) or Bucket()
        added = {key: value for key, value in found.keys.items() if _identity(key) == identity}
        clash = clashes(remains.tree, added)
        if clash:
            return RestoredNetwork(records={}, origin=f"another network, {clash}, now has its name or its addresses")
        return RestoredNetwork(records=added, origin=origin or "; ".join(made.in_words))
    return RestoredNetwork(records={}, origin="; ".join(made.in_words) or "no record of it is left")


def restored_by_name(
    remains: NetworkRemains, database: NetworkDatabase, containers: Containers, name: str, traces: NetworkTraces
) -> RestoredNetwork:
    """Return the records to add for a network that only containers which never ran name: a record of that name, or a
    new one.
    """
    from doctor.rebuild.network.records import body_of, new_identity  # noqa: PLC0415

    for key, value in {**remains.kept, **remains.pages}.items():
        body = body_of(value)
        if _kind(key) == "network" and body.get("name") == name:
            return restored_network(remains, database, containers, str(body.get("id")), traces)
    identity = new_identity(name)
    items = tuple(
        replace(
            one, networks=tuple(replace(place, network_id=identity) for place in one.networks if place.name == name)
        )
        for one in containers.items
        if any(place.name == name and not place.network_id for place in one.networks)
    )
    return restored_network(remains, database, Containers(items=items), identity, traces)


def _members(containers: Containers, identity: str) -> Containers:
    """Return the containers with their places in this network alone."""
    items = []
    for one in containers.items:
        places = tuple(place for place in one.networks if place.network_id == identity)
        if places:
            items.append(replace(one, networks=places))
    return Containers(items=tuple(items))


def _kind(key: bytes) -> str:
    return parts(key)[0]


def _identity(key: bytes) -> str:
    return (*parts(key)[1], "")[0]
