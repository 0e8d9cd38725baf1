"""The model beside the packets: a World of the facts that a scan reads, and a walk of each probe's way."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import Any

from msgspec.structs import replace

from doctor.facts.kernel.sysctl import neighbour_key
from doctor.facts.path import forks
from doctor.facts.path.namespace import NetNamespace
from doctor.facts.path.namespaces import SETTINGS, TIMEOUTS
from doctor.facts.path.rules.ruleset import PathRules
from doctor.facts.path.rules.sizes import OUTSIDE_MTU
from doctor.facts.path.rules.tables import IptablesRules
from doctor.facts.path.walk import walk
from doctor.facts.path.way import DELIVERED, Walk, Way
from doctor.facts.path.way import HOST as MODEL_HOST
from doctor.facts.path.world import PathPlace, PathSocket, World
from doctor.formats.firewall import nft_json
from doctor.host.rtnetlink import lookups, namespaces
from tests.hosts.paths.layout import BRIDGES, CONTAINERS, HOST, NEXT_HOP, OUTSIDE, PLACES, UPLINK
from tests.hosts.paths.listeners import port_pairs
from tests.hosts.paths.namespace import Namespace
from tests.hosts.paths.play import Stage
from tests.hosts.paths.ways import Probe, with_data

_SETTINGS = (
    *SETTINGS,
    *chain.from_iterable(TIMEOUTS.values()),
    *forks.SETTINGS,
    "net.ipv4.ip_no_pmtu_disc",
    "net.ipv4.tcp_mtu_probing",
    # As a scan does: of the host's interfaces and bridges, and of a container's eth0.
    *(
        neighbour_key(name, setting, version)
        for name in ("eth0", UPLINK, *(bridge.name for bridge in BRIDGES))
        for setting in ("mcast_solicit", "app_solicit")
        for version in (4, 6)
    ),
)
_SAVES = ("iptables", "iptables-legacy", "ip6tables", "ip6tables-legacy")
_KNOWN = tuple(name for name in PLACES if name != OUTSIDE)
_LENGTHS = {("tcp", 4): 60, ("tcp", 6): 80, ("udp", 4): 33, ("udp", 6): 53, ("icmp", 4): 33, ("icmp", 6): 53}


@dataclass(frozen=True, slots=True)
class Claim:
    """A verdict of the model: `delivered`, `dropped`, `rejected` or `unknown`, with its words.

    Attributes:
        rule: (family, table, chain, handle) of the rule that ends the packet on the host; the handle is 0 for one of iptables
            and for a policy. None if no rule of the host does.
        large: bytes of data packets that are larger than an MTU on the way, 0 without one.
    """

    end: str
    cause: str = ""
    says: str = ""
    rule: tuple[str, str, str, int] | None = None
    large: int = 0


def claims(standing: Stage, wanted: Iterable[Probe]) -> dict[Probe, Claim]:
    """Read the facts, and walk every way; those of TCP that arrive, once more with much data."""
    world = read(standing)
    found = _walked(standing, world, {probe: way(probe) for probe in wanted})
    arrived = {probe: claim for probe, claim in found.items() if claim.end == DELIVERED}
    again = {}
    for probe, claim in arrived.items():
        if large := with_data(probe):
            again[large] = replace(way(probe), data=claim.large or OUTSIDE_MTU)
    return found | _walked(standing, world, again)


def _walked(standing: Stage, world: World, ways: dict[Probe, Way]) -> dict[Probe, Claim]:
    """Walk ways; the routes of all walks are asked together."""
    host = standing.lab.places[HOST]
    walks: dict[Probe, Any] = {probe: walk(world, one) for probe, one in ways.items()}
    found: dict[Probe, Claim] = {}
    answers: dict[Probe, Any] = dict.fromkeys(walks)
    while answers:
        questions = {}
        for probe, answer in answers.items():
            try:
                questions[probe] = walks[probe].send(answer)
            except StopIteration as end:
                found[probe] = _claim(end.value)
        flat = [question for asked in questions.values() for question in asked]
        replies = iter(host.call(lookups.ask, flat)) if flat else iter(())
        answers = {probe: tuple(next(replies) for _ in asked) for probe, asked in questions.items()}
    return found


def _claim(walked: Walk) -> Claim:
    family, _, table = walked.table.partition(" ")
    is_here = walked.cause == "rule" and walked.place == MODEL_HOST and "legacy" not in walked.says
    rule = (family, table, walked.chain, walked.handle) if is_here and table else None
    return Claim(walked.end, walked.cause, _words(walked), rule, walked.large)


def _words(walked: Walk) -> str:
    doubts = f" [{'; '.join(walked.doubts)}]" if walked.doubts else ""
    return f"{walked.says}{doubts}"


def way(probe: Probe) -> Way:
    """A probe as the model's way."""
    return Way(
        kind=probe.kind,
        start=probe.sender,
        end=probe.answers,
        target=probe.address,
        port=probe.port,
        protocol=probe.protocol,
        source=NEXT_HOP[probe.version] if probe.sender == OUTSIDE else "",
        length=_LENGTHS[probe.protocol, probe.version],
    )


def read(standing: Stage) -> World:
    """The World, from the kernel's own state."""
    pids = {name: 0 if name == HOST else standing.lab.places[name].tid for name in _KNOWN}
    states = standing.lab.places[HOST].call(namespaces.read, tuple(pids.values()), _SETTINGS)
    places = {}
    for name, pid in pids.items():
        state = states[pid]
        if not isinstance(state, NetNamespace):
            raise TypeError(f"{name}: {state}")
        rules = _rules(standing.lab.places[name], state)
        sockets = tuple(_sockets(name, standing))
        places[MODEL_HOST if name == HOST else name] = PathPlace(
            name=MODEL_HOST if name == HOST else name, namespace=state, rules=rules, sockets=sockets
        )
    return World(places=places, uplink=UPLINK, now=time.time())


def _rules(place: Namespace, state: NetNamespace) -> PathRules:
    if not state.nft_tables and not state.legacy_tables:
        return PathRules()
    tools = [tool for tool in _SAVES if (state.legacy_tables if "legacy" in tool else state.nft_tables)]
    saves = [IptablesRules.parse(f"{tool}-save", place.run((f"{tool}-save",)).stdout) for tool in tools]
    return PathRules(saves=saves, nft=nft_json.parse(place.run(("nft", "-j", "list", "ruleset")).stdout.encode()))


def _sockets(name: str, standing: Stage) -> Iterable[PathSocket]:
    closed = standing.closed
    for place, protocol, port in port_pairs():
        if place == name and (place, protocol, port) not in closed:
            yield PathSocket(protocol=protocol, port=port)
    if name == HOST and not standing.host.hairpin:
        for one in CONTAINERS:
            for protocol, outer, inner in one.published:
                if (HOST, protocol, outer) not in closed:
                    for version in (4, 6):
                        target = (one.address[version], inner)
                        yield PathSocket(protocol=protocol, port=outer, version=version, forwards=target)
