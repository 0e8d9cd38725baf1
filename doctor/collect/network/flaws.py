"""Compares the records of the network database with what an engine writes, with each other, and with the metadata backup."""

from doctor.collect.backup.kept_records import is_unchanged, kept_records, misnamed
from doctor.engines.docker import places as docker
from doctor.facts.backup.digests import KeptDigests
from doctor.facts.containers.containers import Containers
from doctor.facts.databases.databases import NetworkDatabase
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.network.flaws import NetworkFlaws
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why


@collector
def network_flaws(
    host: Host,
    root: DataRoot,
    database: NetworkDatabase,
    containers: Containers | Missing,
    recorded: KeptDigests | Missing,
) -> NetworkFlaws:
    """Return the corrupt records of a database with valid pages; one with corrupt pages is judged by another check."""
    file = database.file
    bucket = file.root.at(docker.NETWORK_BUCKET) if file.root is not None and not file.is_broken else None
    if bucket is None and file.root is not None and (renamed := misnamed(file.root, docker.NETWORK_BUCKET.encode())):
        return NetworkFlaws(path=file.path, records={}, flawed=(renamed,))
    if bucket is None:
        raise HostError(Missing(Why.ABSENT, f"{file.path}: no records to compare"))
    if is_unchanged(host, file, recorded, docker.NETWORK_DATABASE):
        return NetworkFlaws(path=file.path, records=bucket.keys, flawed=())
    from doctor.rebuild.network.copies import shared_by  # noqa: PLC0415 - a healthy host has nothing to judge
    from doctor.rebuild.network.judge import flawed_networks  # noqa: PLC0415

    kept, age = kept_records(host, root, recorded, name=docker.NETWORK_DATABASE, bucket=docker.NETWORK_BUCKET)
    shared = () if isinstance(containers, Missing) else tuple(shared_by(containers.items))
    flawed = flawed_networks(bucket.keys, shared, kept)
    return NetworkFlaws(path=file.path, records=bucket.keys, flawed=flawed, shared=shared, age=age)
