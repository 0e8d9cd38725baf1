"""Compares the records of the volume database with what an engine writes, with the volumes, and with the metadata backup."""

from doctor.collect.backup.kept_records import bucket_of, is_unchanged, kept_records
from doctor.engines.docker import places as docker
from doctor.facts.backup.digests import KeptDigests
from doctor.facts.databases.databases import VolumeDatabase
from doctor.facts.databases.flawed_records import FlawedRecord
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.volumes.flaws import VolumeFlaws, flawed_volumes
from doctor.facts.volumes.volumes import Volumes
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import Missing


@collector
def volume_flaws(
    host: Host, root: DataRoot, database: VolumeDatabase, volumes: Volumes | Missing, recorded: KeptDigests | Missing
) -> VolumeFlaws:
    """Return the corrupt records of a database with valid pages."""
    file = database.file
    bucket = bucket_of(file, "volumes")
    if isinstance(bucket, FlawedRecord):
        return VolumeFlaws(path=file.path, records={}, flawed=(bucket,))
    if is_unchanged(host, file, recorded, docker.VOLUME_DATABASE):
        return VolumeFlaws(path=file.path, records=bucket.keys, flawed=())
    kept = kept_records(host, root, recorded, name=docker.VOLUME_DATABASE, bucket=docker.VOLUME_BUCKET)
    directories = {} if isinstance(volumes, Missing) else volumes.items
    flawed = flawed_volumes(bucket.keys, directories, kept)
    return VolumeFlaws(path=file.path, records=bucket.keys, flawed=flawed)
