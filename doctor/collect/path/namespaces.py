"""Reads the network namespaces of the host and of its running containers by netlink, in one pass."""

from doctor.collect.network.networks import is_alive
from doctor.facts.containers.containers import Container, Containers
from doctor.facts.path.ends.endpoints import OF_INTERFACE
from doctor.facts.path.namespace import NetNamespace
from doctor.facts.path.namespaces import SETTINGS, NetNamespaces
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why

_HOST = 0
_OF_HOST = "host"


def _shares(container: Container) -> bool:
    """Whether it uses the namespace of another one, which is named first."""
    return container.host is not None and container.host.network_mode.startswith("container:")


@collector
def net_namespaces(host: Host, containers: Containers) -> NetNamespaces:
    """Return the namespaces; a container that ends meanwhile is left out, and nothing is read if none runs."""
    pids = {
        container.id: container.state.pid
        for container in sorted(containers.items, key=_shares)
        if (container.host is None or container.host.network_mode != _OF_HOST) and is_alive(host, container)
    }
    if not pids:
        raise HostError(Missing(Why.ABSENT, "no container with a network of its own runs"))
    found = host.net_namespaces((_HOST, *pids.values()), (*SETTINGS, *OF_INTERFACE))
    own = found[_HOST]
    if isinstance(own, Missing):
        raise HostError(own)
    inner: dict[str, NetNamespace] = {}
    gaps: list[Missing] = []
    for identity, pid in pids.items():
        namespace = found[pid]
        if isinstance(namespace, Missing):
            gaps += () if namespace.is_harmless else (namespace,)
        elif namespace.pid != _HOST:
            inner[identity] = namespace
    return NetNamespaces(host=own, containers=inner, gaps=tuple(dict.fromkeys(gaps)))
