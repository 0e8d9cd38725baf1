"""Puts the facts of a host together for walks: namespaces, rules, sockets."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

from msgspec.structs import replace

from doctor.facts.host.processes import Processes
from doctor.facts.network.listeners import ANY, Listeners
from doctor.facts.network.networks import Networks
from doctor.facts.path.namespace import NetNamespace
from doctor.facts.path.namespaces import NetNamespaces
from doctor.facts.path.rule_lists import PathFirewalls, RuleLists, is_usual
from doctor.facts.path.rules.ruleset import PathRules
from doctor.facts.path.rules.tables import Spans, spans_of
from doctor.facts.path.scene.fresh import NewContainer
from doctor.facts.path.scene.ways import place_of
from doctor.facts.path.way import HOST, Way
from doctor.facts.path.world import PathPlace, PathSocket, World

Proxies = Mapping[tuple[str, str, int], tuple[str, int]]
"""The engine's proxies: protocol, address and port of the host → those of the container."""
_CONTAINER = "-container-ip"
_FIXED = 0x80 | 0x40
"""NUD_PERMANENT, NUD_NOARP."""


def world_of(
    networks: Networks,
    namespaces: NetNamespaces,
    firewalls: PathFirewalls,
    sockets: tuple[PathSocket, ...] | None,
    ways: Iterable[Way],
    *,
    uplink: str,
    fresh: tuple[NewContainer, ...] = (),
    titles: Mapping[str, str] | None = None,
    inner: Mapping[int, tuple[PathSocket, ...]] | None = None,
) -> World:
    """Return the world of a host. Rules that can't concern an address of it or of ``ways`` are left out.

    ``inner`` are sockets of containers by the inode of their namespace. ``titles`` are names of places by a container's id, for those that are called otherwise or have no endpoint.
    """
    spans = spans_of(_addresses(namespaces, ways, fresh))
    own = namespaces.host
    if fresh:
        own = _with_new(own, fresh)
    places = {HOST: PathPlace(name=HOST, namespace=own, rules=_rules(firewalls.host, spans), sockets=sockets)}
    names = {endpoint.container_id: place_of(endpoint) for endpoint in networks.running} | dict(titles or {})
    for identity, namespace in namespaces.containers.items():
        name = names.get(identity)
        if name and name not in places:
            rules = _of_container(namespace, firewalls, spans)
            sockets_inside = (inner or {}).get(namespace.inode)
            places[name] = PathPlace(name=name, namespace=namespace, rules=rules, inner=sockets_inside)
    for one in fresh:
        places[one.name] = PathPlace(name=one.name, namespace=one.namespace, rules=PathRules())
    return World(places=places, uplink=uplink, now=firewalls.now)


def _with_new(own: NetNamespace, fresh: tuple[NewContainer, ...]) -> NetNamespace:
    """Return the host with the veths of new containers, and without what it has learned of the last owners of their addresses."""
    taken = {address for one in fresh for address in one.addresses.values()}
    known = tuple(one for one in own.neighbours if one.address not in taken or one.state & _FIXED)
    return replace(own, links=(*own.links, *(one.outer for one in fresh)), neighbours=known)


def _addresses(namespaces: NetNamespaces, ways: Iterable[Way], fresh: tuple[NewContainer, ...]) -> Iterator[str]:
    """Yield the networks and addresses that packets of a walk may have."""
    yield from ("127.0.0.0/8", "fe80::/10", "ff00::/8")
    for namespace in (namespaces.host, *namespaces.containers.values(), *(one.namespace for one in fresh)):
        for one in namespace.addresses:
            yield f"{one.address}/{one.prefix}"
    for way in ways:
        yield way.target
        if way.source:
            yield way.source


def _rules(lists: RuleLists, spans: Spans) -> PathRules:
    gaps = tuple(gap.reason for gap in lists.gaps)
    return PathRules(saves=lists.saves, nft=lists.nft, sets=lists.sets, spans=spans, queues=lists.queues, gaps=gaps)


def _of_container(namespace: NetNamespace, firewalls: PathFirewalls, spans: Spans) -> PathRules | None:
    lists = firewalls.containers.get(namespace.inode)
    if lists is not None:
        return _rules(lists, spans)
    # The six rules of the engine concern only its name server, whose ways are judged by a check of their own.
    return PathRules() if is_usual(namespace) else None


def proxies_of(processes: Processes) -> dict[tuple[str, str, int], tuple[str, int]]:
    """Return the engine's proxies: protocol, address and port of the host → those of the container.

    They are known by their arguments: the setting ``userland-proxy-path`` names another program.
    """
    found = {}
    for process in processes.items:
        words = process.argv
        if _CONTAINER not in words or process.state == "Z":
            continue
        given = dict(pairwise(words))
        port, inner = given.get("-host-port", ""), given.get("-container-port", "")
        if port.isascii() and port.isdigit() and inner.isascii() and inner.isdigit():
            key = (given.get("-proto", "tcp"), given.get("-host-ip", ""), int(port))
            found[key] = (given[_CONTAINER], int(inner))
    return found


def unserved(networks: Networks, listeners: Listeners, proxies: Proxies) -> frozenset[int]:
    """Return the numbers of the sockets on published ports that no proxy of the engine has."""
    ports = {(port.protocol, port.host_port) for version in (4, 6) for _, _, port in networks.published(version)} - {
        (protocol, port) for protocol, _, port in proxies
    }
    return frozenset(
        one.inode for one in listeners.items if (one.protocol.removesuffix("6"), one.port) in ports and one.inode
    )


def sockets_of(
    networks: Networks, listeners: Listeners, proxies: Proxies | None, programs: Mapping[int, str] | None = None
) -> Iterator[PathSocket]:
    """Yield the sockets of the host; ``programs`` by the numbers of sockets.

    ``proxies`` are the engine's proxies: protocol, address and port of the host → those of the container. Without them, a socket
    on a published port is taken for its proxy.
    """
    if proxies is None:
        proxies = {
            (port.protocol, "", port.host_port): (port.container_ip, port.container_port)
            for version in (4, 6)
            for _, _, port in networks.published(version)
        }
    for one in listeners.items:
        protocol = one.protocol.removesuffix("6")
        address = "" if one.address in ANY else one.address
        # A socket on "::" takes IPv4 as well, unless its program asked otherwise.
        version = 4 if not one.protocol.endswith("6") else 6 if address else 0
        # A port that is published for both versions has a proxy for each.
        spelled = dict.fromkeys((one.address, address, *(() if address else sorted(ANY)), ""))
        forwards = next(filter(None, (proxies.get((protocol, text, one.port)) for text in spelled)), None)
        program = "" if forwards or not programs else programs.get(one.inode, "")
        yield PathSocket(
            protocol=protocol, port=one.port, address=address, version=version, forwards=forwards, program=program
        )
