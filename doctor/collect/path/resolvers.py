"""Finds containers whose rules for the engine's name server are missing; their sockets are read only then."""

from doctor.facts.containers.containers import Containers
from doctor.facts.network.networks import Networks
from doctor.facts.path.namespace import NetNamespace
from doctor.facts.path.namespaces import NetNamespaces
from doctor.facts.path.resolv_files import ResolvFiles
from doctor.facts.path.resolvers import ADDRESS, RULES, RulelessResolver, RulelessResolvers
from doctor.formats.network import proc_net
from doctor.formats.text import decode
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.errors import FormatError
from doctor.model.missing import HostError, Missing
from doctor.model.paths import HostPath

_NAT = ("ip", "nat")


@collector
def ruleless_resolvers(
    host: Host, namespaces: NetNamespaces, networks: Networks, containers: Containers, files: ResolvFiles | Missing
) -> RulelessResolvers:
    """Return the containers on networks of users, where the engine answers names, without these rules."""
    replaced: frozenset[str] = frozenset() if isinstance(files, Missing) else files.replaced
    names = {container.id: container.title for container in containers.items}
    served = {
        endpoint.container_id
        for endpoint in networks.running
        if (network := networks.get(endpoint.network_id)) is not None and not network.is_default
    }
    found: list[RulelessResolver] = []
    gaps: list[Missing] = []
    for identity, namespace in namespaces.own:
        if identity not in served or names.get(identity) in replaced or not _lacks_rules(namespace):
            continue
        try:
            tcp, udp = (_port(host, namespace.pid, protocol) for protocol in ("tcp", "udp"))
        except HostError as error:
            gaps += () if error.is_absent else (error.missing,)
            continue
        if tcp and udp:
            found.append(
                RulelessResolver(
                    container=identity,
                    name=names.get(identity, identity[:12]),
                    pid=namespace.pid,
                    inode=namespace.inode,
                    tcp=tcp,
                    udp=udp,
                    rules=namespace.nft_rules,
                )
            )
    return RulelessResolvers(items=tuple(found), gaps=tuple(gaps))


def _lacks_rules(namespace: NetNamespace) -> bool:
    """Whether rules are certainly missing: with tables of another kind they may be elsewhere."""
    if "nat" in namespace.legacy_tables or any(table != _NAT for table in namespace.nft_tables):
        return False
    return any(namespace.nft_rules.get(place, 0) < count for place, count in RULES.items())


def _port(host: Host, pid: int, protocol: str) -> int:
    """Return the port where the engine's name server listens in a container, 0 if it does not."""
    try:
        listeners = proc_net.parse_listeners(decode(host.read(HostPath(f"/proc/{pid}/net/{protocol}"))), protocol)
    except FormatError:
        return 0
    return next((listener.port for listener in listeners if listener.address == ADDRESS), 0)
