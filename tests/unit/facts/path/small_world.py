"""A host with a bridge, two containers on it and an uplink, and routing that is answered from its tables."""

from collections.abc import Iterable, Mapping
from ipaddress import ip_address, ip_network
from typing import Any

from msgspec.structs import replace

from doctor.facts.path.namespace import (
    BridgePort,
    BridgeSettings,
    Neighbour,
    NetAddress,
    NetLink,
    NetNamespace,
    NetRoute,
)
from doctor.facts.path.routing import RouteAnswer, RouteQuestion
from doctor.facts.path.rules.ruleset import PathRules
from doctor.facts.path.rules.tables import IptablesRules
from doctor.facts.path.walk import walk
from doctor.facts.path.way import Walk, Way
from doctor.facts.path.world import PathPlace, PathSocket, World

LO = NetLink(index=1, name="lo", flags=0x10049, mtu=65536, mac="00:00:00:00:00:00")
UPLINK = NetLink(index=2, name="eth0", mac="02:00:00:00:00:02", flags=0x11043)
BRIDGE = NetLink(
    index=3, name="docker0", kind="bridge", mac="02:00:00:00:00:03", bridge=BridgeSettings(), flags=0x11043
)
ENGINE = """*nat
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A DOCKER -i docker0 -j RETURN
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER-USER -j RETURN
COMMIT
"""


def veth(number: int, name: str) -> NetLink:
    return NetLink(
        index=10 + number, name=name, kind="veth", peer_index=20 + number, peer_namespace=number, master=3,
        mac=f"02:00:00:00:01:{number:02x}", port=BridgePort(), flags=0x11043,
    )  # fmt: skip


def address(link: int, text: str, scope: str = "global") -> NetAddress:
    plain, _, prefix = text.partition("/")
    return NetAddress(link=link, version=4, address=plain, prefix=int(prefix), scope=scope)


def route(
    destination: str, link: int, *, gateway: str = "", table: int = 254, kind: str = "unicast", source: str = ""
) -> NetRoute:
    return NetRoute(
        version=4, destination=destination, link=link, gateway=gateway, table=table, kind=kind, source=source
    )


def host(**changes: Any) -> NetNamespace:
    found = NetNamespace(
        links=(LO, UPLINK, BRIDGE, veth(1, "vaa"), veth(2, "vbb")),
        addresses=(address(1, "127.0.0.1/8", "host"), address(2, "192.0.2.5/24"), address(3, "172.17.0.1/16")),
        routes=(
            route("0.0.0.0/0", 2, gateway="192.0.2.1"),
            route("192.0.2.0/24", 2, source="192.0.2.5"),
            route("172.17.0.0/16", 3, source="172.17.0.1"),
            route("127.0.0.0/8", 1, table=255, kind="local", source="127.0.0.1"),
            route("192.0.2.5/32", 2, table=255, kind="local", source="192.0.2.5"),
            route("172.17.0.1/32", 3, table=255, kind="local", source="172.17.0.1"),
        ),
        neighbours=(Neighbour(link=2, version=4, address="192.0.2.1", mac="02:00:00:00:09:01", state=4),),
        sysctls={"net.ipv4.ip_forward": "1"},
    )
    return replace(found, **changes)


def container(number: int, own: str, **changes: Any) -> NetNamespace:
    eth0 = NetLink(
        index=20 + number, name="eth0", kind="veth", peer_index=10 + number, peer_namespace=0,
        mac=f"02:00:00:00:02:{number:02x}", flags=0x11043,
    )  # fmt: skip
    found = NetNamespace(
        pid=100 + number,
        links=(LO, eth0),
        addresses=(address(1, "127.0.0.1/8", "host"), address(20 + number, f"{own}/16")),
        routes=(
            route("0.0.0.0/0", 20 + number, gateway="172.17.0.1"),
            route("172.17.0.0/16", 20 + number, source=own),
            route("127.0.0.0/8", 1, table=255, kind="local", source="127.0.0.1"),
            route(f"{own}/32", 20 + number, table=255, kind="local", source=own),
        ),
    )
    return replace(found, **changes)


def rules(text: str = ENGINE) -> PathRules:
    return PathRules(saves=[IptablesRules.parse("iptables-save", text)])


def world(
    *,
    of_host: NetNamespace | None = None,
    of_aa: NetNamespace | None = None,
    saved: str = ENGINE,
    inside: PathRules | None = None,
    sockets: tuple[PathSocket, ...] | None = None,
) -> World:
    proxy = (PathSocket(protocol="tcp", port=8080, forwards=("172.17.0.2", 80)),)
    places = {
        "host": PathPlace(
            name="host", namespace=of_host or host(), rules=rules(saved), sockets=proxy if sockets is None else sockets
        ),
        "aa": PathPlace(name="aa", namespace=of_aa or container(1, "172.17.0.2"), rules=inside or PathRules()),
        "bb": PathPlace(name="bb", namespace=container(2, "172.17.0.3"), rules=PathRules()),
    }
    return World(places=places, uplink="eth0")


WAYS = {
    "egress": Way(kind="egress", start="aa", end="outside", target="198.51.100.7", port=443),
    "peer": Way(kind="peer", start="aa", end="bb", target="172.17.0.3", port=80),
    "gateway": Way(kind="gateway", start="aa", end="host", target="172.17.0.1", protocol="icmp"),
    "published": Way(kind="published", start="outside", end="aa", target="192.0.2.5", port=8080, source="203.0.113.9"),
    "host-published": Way(kind="host-published", start="host", end="aa", target="192.0.2.5", port=8080),
    "loopback": Way(kind="loopback", start="host", end="aa", target="127.0.0.1", port=8080),
    "hairpin": Way(kind="hairpin", start="aa", end="aa", target="192.0.2.5", port=8080),
    "host-to-container": Way(kind="host-to-container", start="host", end="bb", target="172.17.0.3", port=80),
}


def walked(world: World, way: Way, errors: Mapping[tuple[int, str], str] | None = None) -> Walk:
    """Walk a way; ``errors`` are answers of the kernel by process and destination."""
    going = walk(world, way)
    answers: tuple[RouteAnswer, ...] | None = None
    while True:
        try:
            questions = next(going) if answers is None else going.send(answers)
        except StopIteration as end:
            found: Walk = end.value
            return found
        answers = tuple(answered(world, question, errors or {}) for question in questions)


def answered(world: World, question: RouteQuestion, errors: Mapping[tuple[int, str], str]) -> RouteAnswer:
    """Answer from the routes of the place, the most specific first; rules of routing may ask for a mark or a DSCP."""
    error = errors.get((question.pid, question.destination))
    if error:
        return RouteAnswer(error=error)
    place = next(one for one in world.places.values() if one.namespace.pid == question.pid)
    wanted = ip_address(question.destination)
    meant = [
        rule
        for rule in place.namespace.rules
        if (rule.mask and question.mark & rule.mask == rule.mark) or (rule.tos and rule.tos == question.tos)
    ]
    if any(rule.action == "blackhole" for rule in meant):
        return RouteAnswer(error="EINVAL")
    for table in (255, *(rule.table for rule in meant), 254):
        best = max(
            (one for one in place.namespace.routes if one.table == table and wanted in ip_network(one.destination)),
            key=lambda one: ip_network(one.destination).prefixlen,
            default=None,
        )
        if best is not None:
            own = (one.address for one in place.namespace.addresses if one.link == best.link)
            return RouteAnswer(
                kind=best.kind, link=best.link, gateway=best.gateway, source=best.source or next(own, ""), table=table
            )
    return RouteAnswer(error="ENETUNREACH")


def with_link(namespace: NetNamespace, name: str, **changes: Any) -> NetNamespace:
    links: Iterable[NetLink] = (replace(one, **changes) if one.name == name else one for one in namespace.links)
    return replace(namespace, links=tuple(links))
