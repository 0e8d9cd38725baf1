"""Compares the records of the network database with what an engine writes, with each other, and with the metadata backup."""

from doctor.collect.backup.kept_records import bucket_of, is_unchanged, kept_records
from doctor.engines.docker import places as docker
from doctor.facts.backup.digests import KeptDigests
from doctor.facts.containers.containers import Containers
from doctor.facts.databases.databases import NetworkDatabase
from doctor.facts.databases.flawed_records import FlawedRecord
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.network.flaws import NetworkFlaws
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import Missing


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
    bucket = bucket_of(file, "libnetwork")
    if isinstance(bucket, FlawedRecord):
        return NetworkFlaws(path=file.path, records={}, flawed=(bucket,))
    if is_unchanged(host, file, recorded, docker.NETWORK_DATABASE):
        return NetworkFlaws(path=file.path, records=bucket.keys, flawed=())
    from doctor.rebuild.network.copies import shared_by  # noqa: PLC0415 - a healthy host has nothing to judge
    from doctor.rebuild.network.invalid_records import flawed_networks  # noqa: PLC0415

    kept = kept_records(host, root, recorded, name=docker.NETWORK_DATABASE, bucket=docker.NETWORK_BUCKET)
    shared = () if isinstance(containers, Missing) else tuple(shared_by(containers.items))
    flawed = flawed_networks(bucket.keys, shared, kept)
    return NetworkFlaws(path=file.path, records=bucket.keys, flawed=flawed, shared=shared)
