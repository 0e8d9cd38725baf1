"""Puts the facts of a host together for walks: namespaces, rules, sockets."""

from collections.abc import Iterable, Iterator

from doctor.facts.network.listeners import ANY, Listeners
from doctor.facts.network.networks import Networks
from doctor.facts.path.namespace import NetNamespace
from doctor.facts.path.namespaces import NetNamespaces
from doctor.facts.path.rule_lists import PathFirewalls, RuleLists, is_usual
from doctor.facts.path.rules.ruleset import PathRules
from doctor.facts.path.rules.tables import Spans, spans_of
from doctor.facts.path.ways import uplink_of
from doctor.facts.path.world import HOST, PathPlace, PathSocket, Way, World


def world_of(
    networks: Networks,
    namespaces: NetNamespaces,
    firewalls: PathFirewalls,
    listeners: Listeners | None,
    ways: Iterable[Way],
) -> World:
    """Return the world of a host. Rules that can't concern an address of it or of ``ways`` are left out."""
    spans = spans_of(_addresses(namespaces, ways))
    sockets = None if listeners is None else tuple(_sockets(networks, listeners))
    places = {
        HOST: PathPlace(name=HOST, namespace=namespaces.host, rules=_rules(firewalls.host, spans), sockets=sockets)
    }
    names = {endpoint.container_id: endpoint.container for endpoint in networks.running}
    for identity, namespace in namespaces.containers.items():
        name = names.get(identity)
        if name and name not in places:
            rules = _of_container(namespace, firewalls, spans)
            places[name] = PathPlace(name=name, namespace=namespace, rules=rules)
    return World(places=places, uplink=uplink_of(namespaces))


def _addresses(namespaces: NetNamespaces, ways: Iterable[Way]) -> Iterator[str]:
    """Yield the networks and addresses that packets of a walk may have."""
    yield from ("127.0.0.0/8", "fe80::/10", "ff00::/8")
    for namespace in (namespaces.host, *namespaces.containers.values()):
        for one in namespace.addresses:
            yield f"{one.address}/{one.prefix}"
    for way in ways:
        yield way.target
        if way.source:
            yield way.source


def _rules(lists: RuleLists, spans: Spans) -> PathRules:
    gaps = tuple(gap.reason for gap in lists.gaps)
    return PathRules(saves=lists.saves, nft=lists.nft, sets=lists.sets, spans=spans, gaps=gaps)


def _of_container(namespace: NetNamespace, firewalls: PathFirewalls, spans: Spans) -> PathRules | None:
    lists = firewalls.containers.get(namespace.inode)
    if lists is not None:
        return _rules(lists, spans)
    # The six rules of the engine concern only its name server, whose ways are judged by a check of their own.
    return PathRules() if is_usual(namespace) else None


def _sockets(networks: Networks, listeners: Listeners) -> Iterator[PathSocket]:
    """Yield the sockets of the host; one on a published port is taken for the engine's proxy."""
    proxied = {
        (port.protocol, port.host_port): (port.container_ip, port.container_port)
        for version in (4, 6)
        for _, _, port in networks.published(version)
    }
    for one in listeners.items:
        protocol = one.protocol.removesuffix("6")
        address = "" if one.address in ANY else one.address
        # A socket on "::" takes IPv4 as well, unless its program asked otherwise.
        version = 4 if not one.protocol.endswith("6") else 6 if address else 0
        yield PathSocket(
            protocol=protocol,
            port=one.port,
            address=address,
            version=version,
            forwards=proxied.get((protocol, one.port)),
        )
