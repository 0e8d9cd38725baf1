"""The model's answer for the packet of a trace, beside the kernel's: the model knows causes, the kernel only symptoms."""

from collections.abc import Callable
from typing import TypeVar

from msgspec import Struct

from doctor.collect.network.listeners import listeners_of
from doctor.collect.path.following import walked, with_settings
from doctor.facts.host.processes import Processes
from doctor.facts.network.listeners import Listeners
from doctor.facts.network.networks import Networks
from doctor.facts.path.namespaces import NetNamespaces
from doctor.facts.path.rule_lists import PathFirewalls
from doctor.facts.path.scene.worlds import proxies_of, sockets_of, world_of
from doctor.facts.path.way import DELIVERED, HOST, OUTSIDE, UNKNOWN, Way
from doctor.facts.path.world import PathSocket, World
from doctor.formats.trace.packets import TraceFlow
from doctor.host.base import Host
from doctor.host.trace.netns import NetPlace
from doctor.model.missing import HostError
from doctor.trace.report import TraceEnd, TraceModel, TraceResult
from doctor.trace.wish import TraceWish

_BEYOND = frozenset({"accept-queue-full", "socket-full", "mtu"})
"""Causes that are no part of the model: it ends at a socket, and a connection adapts to the MTU of its path, which the one
packet of a trace does not.
"""
_Fact = TypeVar("_Fact")


class TraceScene(Struct, frozen=True, kw_only=True):
    """The places of a trace, and the device that packets from outside arrive on, "" for none."""

    wish: TraceWish
    places: dict[str, NetPlace]
    flow: TraceFlow
    entrance: str = ""


def modelled(host: Host, get: Callable[[type], object], scene: TraceScene, end: TraceEnd) -> TraceModel | None:
    """Return the model's answer, and whether it agrees with the kernel; ``None`` if the facts can't be read.

    ``get`` returns facts, the same that a scan has; those of the network are read when it is called.
    """
    way = _way(scene)
    world = _world(host, get, scene, way)
    if world is None:
        return None
    (found,) = walked(host, world, (way,), ())
    return TraceModel(
        end=found.end,
        cause=found.cause,
        place=found.place,
        device=found.device,
        is_answer=found.is_answer,
        table=found.table,
        chain=found.chain,
        handle=found.handle,
        rule=found.rule,
        says=found.says,
        doubts=found.doubts,
        agrees=None if end.cause in _BEYOND else agrees(found.end, end.result),
    )


def agrees(model: str, kernel: TraceResult) -> bool | None:
    """Whether both say that the packet arrives, or both that it does not; ``None`` if one of them does not know."""
    if model == UNKNOWN or kernel is TraceResult.UNKNOWN:
        return None
    if kernel is TraceResult.LEFT:
        # Beyond this host the model knows nothing: the answer may be lost there.
        return True if model == DELIVERED else None
    return (model == DELIVERED) == (kernel is TraceResult.DELIVERED)


def _way(scene: TraceScene) -> Way:
    wish, flow = scene.wish, scene.flow
    if wish.published:
        kind = "published"
    elif wish.origin == HOST:
        kind = "host-to-container"
    elif wish.target == HOST:
        kind = "container-to-host"
    else:
        kind = "peer" if wish.target and wish.target != wish.origin else "dns" if wish.target else "egress"
    return Way(
        kind=kind,
        start=wish.origin,
        end=wish.target or OUTSIDE,
        target=wish.address,
        port=wish.port,
        protocol=wish.protocol,
        source=flow.source if wish.published else "",
        sport=flow.sport,
        length=flow.length,
    )


def _world(host: Host, get: Callable[[type], object], scene: TraceScene, way: Way) -> World | None:
    networks, namespaces = _fact(get, Networks), _fact(get, NetNamespaces)
    firewalls, listeners, processes = _fact(get, PathFirewalls), _fact(get, Listeners), _fact(get, Processes)
    if networks is None or namespaces is None or firewalls is None:
        return None
    namespaces = with_settings(host, networks, namespaces)
    inodes = {place.inode: name for name, place in scene.places.items()}
    titles = {one: inodes[state.inode] for one, state in namespaces.containers.items() if state.inode in inodes}
    proxies = None if processes is None else proxies_of(processes)
    sockets = None if listeners is None else tuple(sockets_of(networks, listeners, proxies))
    world = world_of(networks, namespaces, firewalls, sockets, (way,), uplink=scene.entrance, titles=titles)
    for name, pid in scene.wish.places.items():
        if name not in world.places:
            return None
        if pid:
            world.places[name].sockets = _inner_sockets(host, networks, pid)
    return world


def _fact(get: Callable[[type], object], kind: type[_Fact]) -> _Fact | None:
    found = get(kind)
    return found if isinstance(found, kind) else None


def _inner_sockets(host: Host, networks: Networks, pid: int) -> tuple[PathSocket, ...] | None:
    """Return the sockets that listen in a container, ``None`` if they can't be read."""
    try:
        return tuple(sockets_of(networks, listeners_of(host, f"/proc/{pid}/net"), {}))
    except HostError:
        return None
