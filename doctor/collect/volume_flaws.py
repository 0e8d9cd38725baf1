"""Compares the records of the volume database with what an engine writes, with the volumes, and with the metadata backup."""

from doctor.collect.kept_records import kept_records
from doctor.facts.data_root import DataRoot
from doctor.facts.databases import VolumeDatabase
from doctor.facts.kept_digests import KeptDigests
from doctor.facts.volume_flaws import VolumeFlaws, flawed_volumes
from doctor.facts.volumes import Volumes
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why


@collector
def volume_flaws(
    host: Host, root: DataRoot, database: VolumeDatabase, volumes: Volumes | Missing, told: KeptDigests | Missing
) -> VolumeFlaws:
    """Return the damaged records of a database whose pages are whole."""
    file = database.file
    bucket = file.root.at("volumes") if file.root is not None and not file.is_broken else None
    if bucket is None:
        raise HostError(Missing(Why.ABSENT, f"{file.path}: no records to compare"))
    kept, age = kept_records(host, root, file, told, name="volumes/metadata.db", bucket="volumes")
    directories = {} if isinstance(volumes, Missing) else volumes.items
    flawed = flawed_volumes(bucket.keys, directories, kept)
    return VolumeFlaws(path=file.path, records=bucket.keys, flawed=flawed, kept=kept, age=age)
