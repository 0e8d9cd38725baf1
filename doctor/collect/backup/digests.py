"""Reads the digests of the newest metadata backup, which show a scan the changed files. Loaded by every scan."""

from doctor.collect.backup.kept import newest_at
from doctor.collect.backup.root_identity import likeness
from doctor.facts.backup.digests import KeptDigests
from doctor.facts.engine.data_root import DataRoot
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why


@collector
def kept_digests(host: Host, root: DataRoot) -> KeptDigests:
    """Return the recorded digests; absent without a backup."""
    backup = newest_at(host, root)
    if backup is None or not likeness(host, root, backup.generation.identity).is_same:
        raise HostError(Missing(Why.ABSENT, "no metadata backup of this data root"))
    files = backup.generation.files
    return KeptDigests(files={name: (entry.size, entry.digest) for name, entry in files.items() if entry.digest})
