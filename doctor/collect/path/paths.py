"""How far packets of containers come: the walks are imported only if there is a container."""

from doctor.facts.host.processes import Processes
from doctor.facts.network.listeners import Listeners
from doctor.facts.network.networks import Networks
from doctor.facts.path.namespaces import NetNamespaces
from doctor.facts.path.paths import Paths
from doctor.facts.path.resolv_files import ResolvFiles
from doctor.facts.path.rule_lists import PathFirewalls
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why


@collector
def paths(  # noqa: PLR0917 - a collector's parameters are the facts it is derived from
    host: Host,
    networks: Networks,
    namespaces: NetNamespaces,
    firewalls: PathFirewalls,
    listeners: Listeners | Missing,
    processes: Processes | Missing,
    files: ResolvFiles | Missing,
) -> Paths:
    """Return how far packets come on each way; absent without a running container on a bridge of the engine."""
    bridges = {network.id for network in networks.bridges}
    used = frozenset(endpoint.network_id for endpoint in networks.running) & bridges
    if not used:
        raise HostError(Missing(Why.ABSENT, "no container runs on a bridge network"))
    from doctor.collect.path.following import Read, follow  # noqa: PLC0415 - most of the model, of no use without containers

    read = Read(
        networks=networks,
        namespaces=namespaces,
        firewalls=firewalls,
        listeners=listeners,
        processes=processes,
        files=files,
    )
    return follow(host, read, used)
