"""Reads the host's network state of the last healthy scan, only where traffic is cut."""

from doctor.collect.backup.kept import healthy_record
from doctor.facts.backup.kept_namespace import NAME, VERSION, HealthyNetwork, KeptNamespace
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why
from doctor.state.clock import date


@collector
def healthy_network(host: Host) -> HealthyNetwork:
    """Return the record; absent if no healthy scan wrote one, or if users other than root could have changed it."""
    path, kept = healthy_record(host, NAME, KeptNamespace)
    if kept.version != VERSION:
        raise HostError(Missing(Why.ABSENT, f"{path}: another version of doctor wrote it"))
    return HealthyNetwork(path=path, when=date(kept.taken), namespace=kept.namespace)
