"""Finds interfaces on the engine's bridges that no running container uses."""

import time
from collections.abc import Iterator

from doctor.collect.network.links import links as read_links
from doctor.engines.docker import places as docker
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.host.processes import Processes
from doctor.facts.network.links import Link, Links
from doctor.facts.network.loose_veths import LoosePair, LooseVeths
from doctor.facts.network.networks import Networks
from doctor.facts.path.namespaces import NetNamespaces
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing

_START_S = 0.5
"""A start records the interface and moves it into the container within this time, unless the host is overloaded."""
_LARGEST_DATABASE = 64 << 20


@collector
def loose_veths(  # noqa: PLR0917 - each of these facts may show that an interface is in use
    host: Host,
    root: DataRoot,
    links: Links,
    networks: Networks,
    namespaces: NetNamespaces | Missing,
    processes: Processes | Missing,
) -> LooseVeths:
    """Return them; none if several engines run or the networks were not all read.

    A start of a container has both ends in the host's namespace for a moment: a pair counts if it is there again a moment
    later, and if the database of networks does not name its other end.
    """
    engines = len(processes.named(docker.PROCESS)) if isinstance(processes, Processes) else 0
    if networks.gaps or engines > 1:
        return LooseVeths()
    bridges = {network.bridge for network in networks.bridges}
    pairs = tuple(_pairs(links, bridges))
    if pairs:
        pairs = _still(host, pairs, bridges, root)
    return LooseVeths(pairs=pairs, lost=dict(_lost(links, bridges, namespaces)))


def _pairs(links: Links, bridges: set[str]) -> Iterator[LoosePair]:
    """Yield the pairs of which one end is on a bridge and the other is in no visible use."""
    ports = [link for link in links.links if link.kind == "veth" and link.master in bridges and link.lower]
    if not ports:
        return
    named = {link.name: link for link in links.links}
    for outer in ports:
        inner = named.get(outer.lower)
        if outer.peer_namespace is not None or inner is None or inner.kind != "veth" or inner.lower != outer.name:
            continue
        if not _belongs_elsewhere(inner, links):
            yield LoosePair(
                bridge=outer.master,
                outer=outer.name,
                inner=inner.name,
                outer_index=outer.index,
                inner_index=inner.index,
                mtu=outer.mtu,
                is_up=outer.is_up,
                in_use=_doubt(outer, inner, links),
            )


def _belongs_elsewhere(inner: Link, links: Links) -> bool:
    """Whether somebody connected the bridge on purpose: with another bridge, an address, a route or an interface on top."""
    return (
        bool(inner.master)
        or any(address.scope == "global" for address in inner.addresses)
        or any(link.lower == inner.name and link.kind != "veth" for link in links.links)
        or any(route.device == inner.name and route.version == 4 for route in links.routes)
    )


def _doubt(outer: Link, inner: Link, links: Links) -> str:
    """Return why a pair may be in use although nothing refers to it, "" if it surely is not."""
    if inner.is_up:
        return f"{inner.name} is up"
    if any(address.scope == "global" for address in outer.addresses):
        return f"{outer.name} has an address"
    if any(route.device == outer.name and route.version == 4 for route in links.routes):
        return f"a route leads to {outer.name}"
    return ""


def _still(host: Host, pairs: tuple[LoosePair, ...], bridges: set[str], root: DataRoot) -> tuple[LoosePair, ...]:
    """Return the pairs that are there again a moment later and belong to no recorded endpoint."""
    if host.is_live():
        time.sleep(_START_S)
        again = read_links(host)
        later = set(_pairs(again, bridges)) if isinstance(again, Links) else set()
        pairs = tuple(pair for pair in pairs if pair in later)
    recorded = _recorded(host, root)
    return tuple(pair for pair in pairs if pair.inner.encode() not in recorded)


def _recorded(host: Host, root: DataRoot) -> bytes:
    """Return the database of networks: it names the interface that a container gets, from the start of its endpoint on."""
    try:
        return host.read(root.at(docker.NETWORK_DATABASE), follow=False, limit_bytes=_LARGEST_DATABASE)
    except HostError:
        return b""


def _lost(links: Links, bridges: set[str], namespaces: NetNamespaces | Missing) -> Iterator[tuple[str, str]]:
    """Yield interfaces with the engine's kind of name whose other end is in no running container's namespace."""
    if isinstance(namespaces, Missing) or namespaces.gaps:
        return
    known = {
        outer.index for one in namespaces.containers.values() for link in one.links if (outer := namespaces.outer(link))
    }
    for link in links.links:
        is_port = link.kind == "veth" and link.master in bridges and link.peer_namespace is not None
        if is_port and link.index not in known and link.has_engine_name:
            yield link.name, link.master
