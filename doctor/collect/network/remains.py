"""Searches records of networks in unused pages of the network database, and in the metadata backup."""

from doctor.collect.backup.lists import is_database, newest
from doctor.collect.databases.bolt_values import salvage_networks
from doctor.engines.docker import places as docker
from doctor.facts.databases.databases import NetworkDatabase
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.network.remains import NetworkRemains
from doctor.formats.databases.bolt import MAX_BYTES, Bucket
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError


@collector
def network_remains(host: Host, root: DataRoot, database: NetworkDatabase) -> NetworkRemains:
    """Return the remaining records of the file and a backup; only a fixer asks."""
    data = host.read(database.file.path, follow=False, limit_bytes=MAX_BYTES)
    kept, age = _kept(host, root)
    tree = database.file.root
    return NetworkRemains(tree=tree if tree is not None else Bucket(), pages=salvage_networks(data), kept=kept, age=age)


def _kept(host: Host, root: DataRoot) -> tuple[dict[bytes, bytes], str]:
    from doctor.collect.backup.kept import Backups  # noqa: PLC0415 - a healthy root has no use for it

    try:
        found = Backups(host, root).find(docker.NETWORK_DATABASE, is_database)
    except HostError:
        return {}, ""
    tree = newest(found[0]) if found is not None else None
    bucket = tree.at(docker.NETWORK_BUCKET) if tree is not None else None
    return ({}, "") if bucket is None or found is None else (bucket.keys, found[2].age)
