"""The model's answer for the packet of a trace, beside the kernel's: the model knows causes, the kernel only symptoms."""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from doctor.facts.path.namespace import NetNamespace
from doctor.facts.path.rules.ruleset import PathRules
from doctor.facts.path.rules.tables import IptablesRules
from doctor.facts.path.walk import walk
from doctor.facts.path.world import DELIVERED, HOST, OUTSIDE, SETTINGS, UNKNOWN, PathPlace, PathSocket, Walk, Way, World
from doctor.formats.firewall import nft_json
from doctor.formats.network.proc_net import parse_listeners
from doctor.formats.trace.packets import TraceFlow
from doctor.host.base import Host
from doctor.host.trace.listed import output
from doctor.host.trace.netns import NetPlace
from doctor.host.trace.places import proc_files
from doctor.model.errors import FormatError
from doctor.trace.report import TraceEnd, TraceModel, TraceResult
from doctor.trace.wish import TraceWish

_ROUNDS = 64
_BEYOND = frozenset({"accept-queue-full", "socket-full", "mtu"})
"""Causes that are no part of the model: it ends at a socket, and a connection adapts to the MTU of its path, which the one
packet of a trace does not.
"""
_KINDS = {"tcp": 4, "tcp6": 6, "udp": 4, "udp6": 6}
_ANY = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared, never bound


class TraceScene(Struct, frozen=True, kw_only=True):
    """The places of a trace, and the device that packets from outside arrive on, "" for none."""

    wish: TraceWish
    places: dict[str, NetPlace]
    flow: TraceFlow
    entrance: str = ""


def modelled(host: Host, scene: TraceScene, end: TraceEnd) -> TraceModel | None:
    """Return the model's answer, and whether it agrees with the kernel; ``None`` if the facts can't be read."""
    world = _world(host, scene)
    if world is None:
        return None
    found = _walked(host, world, _way(scene))
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


def _walked(host: Host, world: World, way: Way) -> Walk:
    walking = walk(world, way)
    answers: Any = None
    for _ in range(_ROUNDS):
        try:
            questions = walking.send(answers)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        answers = host.routes(questions)
    return Walk(way=way, hops=(), end=UNKNOWN, says=f"{way.text}: the model asks for more routes than it should")


def _world(host: Host, scene: TraceScene) -> World | None:
    pids = scene.wish.places
    states = host.net_namespaces([pid or 0 for pid in pids.values()], SETTINGS)
    places = {}
    for name, pid in pids.items():
        state = states.get(pid or 0)
        if not isinstance(state, NetNamespace):
            return None
        place = scene.places[name]
        places[name] = PathPlace(
            name=name, namespace=state, rules=_rules(place, state, scene.flow.version), sockets=_sockets(place)
        )
    return World(places=places, uplink=scene.entrance)


def _rules(place: NetPlace, state: NetNamespace, version: int) -> PathRules | None:
    """Return the rules of a place, ``None`` if they can't be read."""
    if not state.nft_tables and not state.legacy_tables:
        return PathRules()
    start = "iptables" if version == 4 else "ip6tables"
    programs = [f"{start}-save"] if state.nft_tables else []
    programs += [f"{start}-legacy-save"] if state.legacy_tables else []
    try:
        saves = [IptablesRules.parse(program, text) for program in programs if (text := output(place, (program,)))]
        listing = output(place, ("nft", "-j", "list", "ruleset")) if state.nft_tables else ""
        nft = nft_json.parse(listing.encode("utf-8", "surrogateescape")) if listing else None
    except FormatError:
        return None
    if state.nft_tables and nft is None:
        return None
    return PathRules(saves=saves, nft=nft)


def _sockets(place: NetPlace) -> tuple[PathSocket, ...] | None:
    """Return the sockets that listen in a place, ``None`` if they can't be read."""
    try:
        files = proc_files(place, tuple(_KINDS))
        return tuple(_each(dict(zip(_KINDS, files, strict=True))))
    except (OSError, FormatError):
        return None


def _each(files: dict[str, str]) -> Iterator[PathSocket]:
    for kind, text in files.items():
        for one in parse_listeners(text, kind):
            address = "" if one.address in _ANY else one.address
            # A socket on :: takes IPv4 as well, unless its program asked otherwise.
            version = 0 if kind.endswith("6") and not address else _KINDS[kind]
            yield PathSocket(protocol=kind.removesuffix("6"), port=one.port, address=address, version=version)
