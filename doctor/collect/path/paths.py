"""How far packets of containers come: the walks are imported only if there is a container."""

from msgspec.structs import replace

from doctor.collect.network.networks import is_alive
from doctor.facts.containers.containers import Containers
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
    containers: Containers,
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
    found = follow(host, read, used)
    return found if not found.cuts else _lasting(host, containers, networks, found)


def _lasting(host: Host, containers: Containers, networks: Networks, found: Paths) -> Paths:
    """Return paths without the cut ways of containers that ended while they were read: their rules and sockets may be gone already."""
    from doctor.facts.path.scene.ways import place_of  # noqa: PLC0415 - imported with the model

    names = {one.container_id: place_of(one) for one in networks.running}
    gone = {names[one.id] for one in containers.items if one.id in names and not is_alive(host, one)}
    if not gone:
        return found
    left = (
        replace(cut, ways=tuple(way for way in cut.ways if gone.isdisjoint((way.start, way.end)))) for cut in found.cuts
    )
    return replace(found, cuts=tuple(cut for cut in left if cut.ways))
