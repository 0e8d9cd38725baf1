"""Reads which ports programs in containers listen at."""

import time

from msgspec.structs import replace

from doctor.collect.network.listeners import listeners_of
from doctor.facts.containers.containers import Container, Containers
from doctor.facts.network.inner_listeners import AllInnerListeners, InnerListeners
from doctor.facts.network.networks import Networks
from doctor.facts.path.namespaces import NetNamespaces
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError

_NEW_S = 60
_MOST = 16
"""So many containers are read: for each table the kernel walks through the sockets of all namespaces, which takes 3 ms."""
_MOST_BYTES = 1 << 20


@collector
def inner_listeners(
    host: Host, networks: Networks, containers: Containers, namespaces: NetNamespaces
) -> AllInnerListeners:
    """Return them; a container whose sockets can't be read, or are too many, is left out: nothing is said of it."""
    ports: dict[str, set[int]] = {}
    for endpoint in networks.running:
        wanted = {port.container_port for port in endpoint.ports if port.protocol == "tcp"}
        if wanted:
            ports.setdefault(endpoint.container_id, set()).update(wanted)
    since = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(host.now() - _NEW_S))
    found: list[InnerListeners] = []
    tried = 0
    for identity, wanted in ports.items():
        container, namespace = containers.get(identity), namespaces.of(identity)
        if container is None or namespace is None or not _is_plain(container, since):
            continue
        tried += 1
        if tried > _MOST:
            break
        one = InnerListeners(container=container.title, published=tuple(sorted(wanted)))
        try:
            one = _with(host, namespace.pid, one, "tcp")
            found.append(_with(host, namespace.pid, one, "tcp6") if one.closed else one)
        except HostError:
            continue
    return AllInnerListeners(items=tuple(found))


def _with(host: Host, pid: int, one: InnerListeners, table: str) -> InnerListeners:
    """Return it with the sockets of another table, which a kernel without IPv6 lacks. Raises ``HostError`` if that is unreadable."""
    try:
        sockets = listeners_of(host, f"/proc/{pid}/net", tables=(table,), limit_bytes=_MOST_BYTES)
    except HostError as error:
        if error.is_absent and table == "tcp6":
            return one
        raise
    if sockets.gaps:
        raise HostError(sockets.gaps[0])
    return replace(one, items=(*one.items, *sockets.items))


def _is_plain(container: Container, since: str) -> bool:
    """Whether it has run since then, and its sockets are the kernel's and its only way for packets."""
    host = container.host
    if host is None or host.may_set_network or "runc" not in (host.runtime or "runc"):
        return False
    state = container.state
    return state.running and not state.restarting and "0001-" < state.started_at[:19] < since
