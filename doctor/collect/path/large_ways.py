"""Walks the ways again on which an MTU is smaller than the sender's, with packets as large as those that carry data."""

from collections.abc import Callable, Iterable, Sequence

from msgspec.structs import replace

from doctor.facts.path.namespace import NetNamespace
from doctor.facts.path.way import DROPPED, REJECTED, Walk, Way
from doctor.facts.path.world import World
from doctor.host.base import Host
from doctor.model.missing import Missing

_KINDS = frozenset({"egress", "egress-new", "published"})
"""Ways that pass a router of this host: on others an MTU is another check's."""
SETTINGS = ("net.ipv4.ip_no_pmtu_disc", "net.ipv4.tcp_mtu_probing")
_PROBING = SETTINGS[1]
Walking = Callable[[Iterable[Way]], tuple[Walk, ...]]


def with_large(host: Host, world: World, walks: Sequence[Walk], walking: Walking) -> list[Walk]:
    """Return the walks, instead of those that arrive with small packets only the ones of large packets, of the same ways."""
    again = {walk.way: replace(walk.way, data=walk.large) for walk in walks if walk.large and _is_asked(walk.way)}
    if not again:
        return list(walks)
    found = dict(zip(again, walking(again.values()), strict=True))
    ended = [way for way, walk in found.items() if walk.end in {DROPPED, REJECTED}]
    if ended and _learn(host, world, ended):
        found |= dict(zip(ended, walking(again[way] for way in ended), strict=True))
    cut = {
        way: replace(walk, way=way)
        for way, walk in found.items()
        if walk.end in {DROPPED, REJECTED} and not _probes(world, way)
    }
    return [cut.get(walk.way, walk) for walk in walks]


def _is_asked(way: Way) -> bool:
    return way.protocol == "tcp" and way.kind in _KINDS


def _sender(way: Way) -> str:
    """Return the container whose packets are large: that of answers too, where somebody outside asks."""
    return way.end if way.kind == "published" else way.start


def _learn(host: Host, world: World, ways: Iterable[Way]) -> bool:
    """Read how containers send large packets; whether one of them does not as usual."""
    places = [place for name in {_sender(way) for way in ways} if (place := world.places.get(name)) is not None]
    pids = {place.namespace.pid for place in places if place.namespace.pid > 0}
    values = host.net_settings(tuple(pids), SETTINGS) if pids else {}
    changed: dict[int, NetNamespace] = {}
    for place in world.places.values():
        own = values.get(place.namespace.pid)
        if own is None or isinstance(own, Missing) or all(value.strip() == "0" for value in own.values()):
            continue
        # Containers that share a namespace share its value.
        before = place.namespace
        place.namespace = changed.setdefault(id(before), replace(before, sysctls={**before.sysctls, **own}))
    return bool(changed)


def _probes(world: World, way: Way) -> bool:
    """Whether a container finds the MTU out by itself, after some seconds."""
    place = world.places.get(_sender(way))
    return place is not None and place.namespace.sysctls.get(_PROBING, "0").strip() not in {"", "0"}
