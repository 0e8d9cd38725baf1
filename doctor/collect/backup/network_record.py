"""Reads the host's own rules and routes recorded by the last healthy scan."""

from doctor.collect.backup.kept import healthy_record
from doctor.facts.backup.network_record import KeptNetworkRecord
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.state.clock import age
from doctor.state.network_record import NAME, NetworkBackup


@collector
def network_record(host: Host) -> KeptNetworkRecord:
    """Return the record; absent if no healthy scan wrote one, or if users other than root could have changed it."""
    path, kept = healthy_record(host, NAME, NetworkBackup)
    return KeptNetworkRecord(
        path=path,
        age=age(kept.taken, host.now()),
        families={int(version): family for version, family in kept.families.items() if version in {"4", "6"}},
        routes=kept.routes,
    )
