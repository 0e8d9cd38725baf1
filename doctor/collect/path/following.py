"""Walks all ways of a host's containers: routes are asked of the kernel, for all walks of a round together."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from doctor.collect.path.holders import holders
from doctor.collect.path.inner import inner_sockets
from doctor.collect.path.large_ways import with_large
from doctor.facts.host.processes import Processes
from doctor.facts.kernel.sysctl import interface_key, neighbour_key
from doctor.facts.network.listeners import Listeners
from doctor.facts.network.networks import Networks
from doctor.facts.path import forks
from doctor.facts.path.namespace import NetNamespace
from doctor.facts.path.namespaces import SETTINGS, TIMEOUTS, NetNamespaces
from doctor.facts.path.paths import Paths, merged
from doctor.facts.path.resolv_files import ResolvFiles
from doctor.facts.path.routing import RouteQuestion
from doctor.facts.path.rule_lists import PathFirewalls
from doctor.facts.path.scene import pings
from doctor.facts.path.scene.alike import Alike
from doctor.facts.path.scene.fresh import NewContainer, new_containers
from doctor.facts.path.scene.outer import outside_of, questions
from doctor.facts.path.scene.suspects import Suspects
from doctor.facts.path.scene.ways import WayMaker
from doctor.facts.path.scene.worlds import proxies_of, sockets_of, unserved, world_of
from doctor.facts.path.walk import walk as walking
from doctor.facts.path.way import UNKNOWN, Walk, Way
from doctor.facts.path.world import PathSocket, World
from doctor.host.base import Host
from doctor.model.missing import Missing

_MOST_ROUNDS = 128
_ASKED = ".mcast_solicit"


class Read(Struct, frozen=True, kw_only=True):
    """The facts that walks are made of."""

    networks: Networks
    namespaces: NetNamespaces
    firewalls: PathFirewalls
    listeners: Listeners | Missing
    processes: Processes | Missing
    files: ResolvFiles | Missing


def follow(host: Host, read: Read, used: frozenset[str]) -> Paths:
    """Return how far packets come on each way; ``used`` are the networks with running containers."""
    networks, namespaces = read.networks, read.namespaces
    fresh = new_containers(networks, namespaces.host, used)
    namespaces = with_settings(host, networks, namespaces)
    asked = questions()
    outside = outside_of(namespaces.host, dict(zip(asked, host.routes(asked), strict=True)))
    servers = {} if isinstance(read.files, Missing) else {one.container: one.asked_here for one in read.files.items}
    resolvers = {endpoint.container_id: servers.get(endpoint.container, ()) for endpoint in networks.running}
    maker = WayMaker(
        networks,
        namespaces,
        outside=outside,
        resolvers=resolvers,
        fresh=fresh,
        suspects=Suspects(read.firewalls, namespaces),
    )
    ways = tuple(maker.all())
    sockets = None if isinstance(read.listeners, Missing) else tuple(_sockets(host, read, read.listeners))
    inner = inner_sockets(host, read.firewalls, networks, namespaces) if read.firewalls.containers else None
    world = world_of(
        networks, namespaces, read.firewalls, sockets, ways, uplink=outside.uplink, fresh=fresh, inner=inner
    )
    addresses = tuple(address for one in networks.running for address in (one.ip, one.ip6) if address)
    routes = host.routes(RouteQuestion(version=6 if ":" in one else 4, destination=one) for one in addresses)
    alike = Alike(world, networks.running, namespaces, read.firewalls, dict(zip(addresses, routes, strict=True)))
    results = _walked_once(host, world, alike, alike.groups(ways), fresh)
    others = {one.way: other for one, _ in results if pings.is_closed(one) and (other := maker.instead(one.way))}
    found = dict(zip(others, walked(host, world, others.values(), fresh), strict=True))
    settled = (
        (
            pings.settled(one, found.get(one.way), is_served=bool(maker.ports.get(one.way.end)))
            if pings.is_closed(one)
            else one,
            same,
        )
        for one, same in results
    )
    return merged(settled, gaps=namespaces.gaps)


def _sockets(host: Host, read: Read, listeners: Listeners) -> Iterator[PathSocket]:
    if isinstance(read.processes, Missing):
        return sockets_of(read.networks, listeners, None)
    proxies = proxies_of(read.processes)
    programs = holders(host, read.processes, unserved(read.networks, listeners, proxies))
    return sockets_of(read.networks, listeners, proxies, programs)


def _walked_once(
    host: Host, world: World, alike: Alike, groups: dict[Way, tuple[Way, ...]], fresh: tuple[NewContainer, ...]
) -> list[tuple[Walk, tuple[Way, ...]]]:
    """Walk one way of each group, and the others too if it ends at something of its own container."""
    found: list[tuple[Walk, tuple[Way, ...]]] = []
    rest: list[Way] = []

    def walking(ways: Iterable[Way]) -> tuple[Walk, ...]:
        return walked(host, world, ways, fresh)

    for walk in with_large(host, world, walking(groups), walking):
        same = groups[walk.way]
        if len(same) > 1 and alike.is_particular(walk):
            rest += same[1:]
            same = (walk.way,)
        found.append((walk, same))
    return found + [(walk, (walk.way,)) for walk in with_large(host, world, walking(rest), walking)]


def walked(host: Host, world: World, ways: Iterable[Way], fresh: tuple[NewContainer, ...]) -> tuple[Walk, ...]:
    """Walk these ways, each one to its end."""
    made = {one.namespace.pid: one for one in fresh}
    going: dict[Way, Any] = {way: walking(world, way) for way in ways}
    found: dict[Way, Walk] = {}
    answers: dict[Way, Any] = dict.fromkeys(going)
    for _ in range(_MOST_ROUNDS):
        asked: dict[Way, tuple[Any, ...]] = {}
        for way, answer in answers.items():
            try:
                asked[way] = going[way].send(answer)
            except StopIteration as end:
                found[way] = end.value
        if not asked:
            break
        known = _answers(host, {question for some in asked.values() for question in some}, made)
        answers = {way: tuple(known[question] for question in some) for way, some in asked.items()}
    for way in going:
        if way not in found:
            found[way] = Walk(way=way, hops=(), end=UNKNOWN, says=f"{way.text}: the model asks for too many routes")
    return tuple(found[way] for way in going)


def _answers(host: Host, asked: set[Any], made: Mapping[int, NewContainer]) -> dict[Any, Any]:
    """Return the kernel's answers, and those for containers that do not exist yet."""
    real = [question for question in asked if question.pid not in made]
    found = dict(zip(real, host.routes(real), strict=True)) if real else {}
    return found | {one: made[one.pid].answer(one) for one in asked if one.pid in made}


def with_settings(host: Host, networks: Networks, namespaces: NetNamespaces) -> NetNamespaces:
    """Return the namespaces with the settings of the host that a walk reads: its own, and those of the bridges."""
    own = namespaces.host
    names = {network.bridge for network in networks.bridges} | {link.name for link in own.links if not link.master}
    keys = [interface_key(name, key) for name in sorted(names) for key in ("forwarding", "arp_ignore")]
    keys += [neighbour_key(name, "mcast_solicit", version) for name in sorted(names) for version in (4, 6)]
    if any(len(route.hops) > 1 for route in own.routes):
        keys += forks.SETTINGS
    found = host.net_settings((0,), (*SETTINGS, *chain.from_iterable(TIMEOUTS.values()), *keys)).get(0)
    if found is not None and not isinstance(found, Missing):
        own = replace(own, sysctls={**own.sysctls, **found})
    # Only where the kernel asks nobody it matters whether a program does.
    silent = {one.pid: one for one in (own, *namespaces.containers.values()) if any(_asked_by_programs(one))}
    if not silent:
        return replace(namespaces, host=own)
    asked = host.net_settings(silent, tuple({key for one in silent.values() for key in _asked_by_programs(one)}))
    more = {pid: one for pid, one in asked.items() if not isinstance(one, Missing)}
    # Containers that share a namespace have one value.
    after = {pid: replace(one, sysctls={**one.sysctls, **more.get(pid, {})}) for pid, one in silent.items()}
    containers = {identity: after.get(one.pid, one) for identity, one in namespaces.containers.items()}
    return replace(namespaces, host=after.get(0, own), containers=containers)


def _asked_by_programs(namespace: NetNamespace) -> Iterator[str]:
    """Yield the settings by which programs are asked for addresses, of the interfaces on which the kernel asks nobody."""
    for key, value in namespace.sysctls.items():
        if key.endswith(_ASKED) and value.strip() == "0":
            yield key.removesuffix(_ASKED) + ".app_solicit"
