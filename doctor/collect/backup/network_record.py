"""Reads the host's own rules and routes recorded by the last healthy scan: one small file with a checksum."""

from doctor.collect.backup.kept import check_owner
from doctor.facts.backup.network_record import KeptNetworkRecord
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.errors import FormatError
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath, join
from doctor.state.clock import age
from doctor.state.metadata import DIRECTORY, decode
from doctor.state.network_record import MAX_BYTES, NAME, NetworkBackup
from doctor.state.paths import STATE_DIR, state_dir


@collector
def network_record(host: Host) -> KeptNetworkRecord:
    """Return the record; absent if no healthy scan wrote one, or if users other than root could have changed it."""
    if not host.is_live():
        raise HostError(Missing(Why.UNSUPPORTED, "rules and routes exist only in the kernel of a running host"))
    top = join(host.resolve(HostPath(state_dir() if host.root == "/" else STATE_DIR)), DIRECTORY)
    check_owner(host, top)
    path = join(top, NAME)
    try:
        kept = decode(host.read(path, follow=False, limit_bytes=MAX_BYTES), NetworkBackup)
    except FormatError as error:
        raise HostError(Missing(Why.ABSENT, f"{path}: {error}")) from error
    return KeptNetworkRecord(
        path=path,
        age=age(kept.taken, host.now()),
        families={int(version): family for version, family in kept.families.items() if version in {"4", "6"}},
        routes=kept.routes,
    )
