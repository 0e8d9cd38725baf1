"""Reads the host's network state of the last healthy scan: one small file with a checksum, only where traffic is cut."""

from doctor.collect.backup.kept import check_owner
from doctor.facts.backup.kept_namespace import NAME, VERSION, HealthyNetwork, KeptNamespace
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.errors import FormatError
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath, join
from doctor.state.clock import date
from doctor.state.metadata import DIRECTORY, decode
from doctor.state.network_record import MAX_BYTES
from doctor.state.paths import STATE_DIR, state_dir


@collector
def healthy_network(host: Host) -> HealthyNetwork:
    """Return the record; absent if no healthy scan wrote one, or if users other than root could have changed it."""
    if not host.is_live():
        raise HostError(Missing(Why.UNSUPPORTED, "routes and rules exist only in the kernel of a running host"))
    top = join(host.resolve(HostPath(state_dir() if host.root == "/" else STATE_DIR)), DIRECTORY)
    check_owner(host, top)
    path = join(top, NAME)
    try:
        kept = decode(host.read(path, follow=False, limit_bytes=MAX_BYTES), KeptNamespace)
    except FormatError as error:
        raise HostError(Missing(Why.ABSENT, f"{path}: {error}")) from error
    if kept.version != VERSION:
        raise HostError(Missing(Why.ABSENT, f"{path}: another version of doctor wrote it"))
    return HealthyNetwork(
        path=path,
        when=date(kept.taken),
        namespace=kept.namespace,
        resolver=kept.resolver,
        resolver_link=kept.resolver_link,
    )
