"""Containers that are alike share their walks: with the same result as if each was walked."""

import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from doctor.collect.path.paths import paths
from doctor.facts.containers.containers import Containers
from doctor.facts.network.listeners import Listener, Listeners
from doctor.facts.network.networks import Endpoint, Networks, PublishedPort
from doctor.facts.path.namespace import ForwardingEntry, Neighbour, NetNamespace, Qdisc, RoutingRule
from doctor.facts.path.namespaces import NetNamespaces
from doctor.facts.path.paths import Paths
from doctor.facts.path.routing import RouteAnswer, RouteQuestion
from doctor.facts.path.rule_lists import PathFirewalls, RuleLists
from doctor.facts.path.rules.tables import IptablesRules
from doctor.facts.path.scene.alike import Alike
from doctor.facts.path.scene.constants import Members
from doctor.facts.path.world import PathPlace, World
from doctor.formats.firewall import nft_json
from doctor.host.recorded import RecordedAnswers, RootHost
from tests.unit.facts.path.small_world import BRIDGE, ENGINE, LO, UPLINK, answered, container, host, route, veth
from tests.unit.facts.path.test_paths import GONE, HERE
from tests.unit.facts.path.test_ways import BRIDGE as NETWORK

COUNT, PUBLISHED = 8, 4
NUMBERS = range(1, COUNT + 1)


def own(number: int) -> str:
    """The address of a container."""
    return f"172.17.0.{number + 1}"


class Fleet:
    """A host with eight containers, of which four publish a port; faults change it."""

    def __init__(self) -> None:
        self.spaces = {f"c{n}": container(n, own(n), inode=100 + n) for n in NUMBERS}
        self.host = host(links=(LO, UPLINK, BRIDGE, *(veth(n, f"veth{n}") for n in NUMBERS)))
        self.nat: list[str] = []
        self.forward: list[str] = []
        self.nft: list[dict[str, Any]] = []

    def saved(self) -> str:
        """The rules of iptables."""
        lines = ENGINE.splitlines()
        nat = lines.index("-A DOCKER -i docker0 -j RETURN") + 1
        ports = [
            f"-A DOCKER ! -i docker0 -p tcp -m tcp --dport {9000 + n} -j DNAT --to-destination {own(n)}:80"
            for n in NUMBERS[:PUBLISHED]
        ]
        lines[nat : nat + 1] = [*self.nat, *ports]
        accept = next(at for at, line in enumerate(lines) if line.startswith("-A DOCKER -d"))
        lines[accept : accept + 1] = [
            f"-A DOCKER -d {own(n)}/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT"
            for n in NUMBERS[:PUBLISHED]
        ]
        user = lines.index("-A DOCKER-USER -j RETURN")
        lines[user:user] = self.forward
        return "\n".join(lines) + "\n"

    def networks(self) -> Networks:
        """The engine's records."""
        return Networks(
            items=(NETWORK,),
            endpoints=tuple(
                Endpoint(
                    id=str(n),
                    network_id=NETWORK.id,
                    container_id=f"c{n}",
                    container=f"c{n}",
                    ip=own(n),
                    is_running=True,
                    ports=(
                        PublishedPort(
                            protocol="tcp",
                            host_ip="0.0.0.0",
                            host_port=9000 + n,
                            container_ip=own(n),
                            container_port=80,
                        ),
                    )
                    if n <= PUBLISHED
                    else (),
                )
                for n in NUMBERS
            ),
        )

    def found(self) -> Paths:
        """The fact."""
        nft = nft_json.parse(_listing(self.nft)) if self.nft else None
        lists = RuleLists(saves=(IptablesRules.parse("iptables-save", self.saved()),), nft=nft)
        listeners = Listeners(
            items=tuple(
                Listener(protocol="tcp", address="0.0.0.0", port=9000 + n, inode=5) for n in NUMBERS[:PUBLISHED]
            )
        )
        namespaces = NetNamespaces(host=self.host, containers=self.spaces)
        return paths(
            FleetHost(self),
            self.networks(),
            namespaces,
            PathFirewalls(host=lists),
            listeners,
            GONE,
            GONE,
            Containers(items=()),
        )


def _listing(rules: list[dict[str, Any]]) -> bytes:
    chain = {
        "family": "inet", "table": "site", "name": "c", "handle": 1, "type": "filter", "hook": "forward", "prio": -5,
        "policy": "accept",
    }  # fmt: skip
    listed = [{"table": {"family": "inet", "name": "site"}}, {"chain": chain}]
    for handle, expression in enumerate(rules, start=2):
        kind, body = next(iter(expression.items()))
        if kind == "rule":
            rule = {"family": "inet", "table": "site", "chain": "c", "handle": handle, "expr": body}
            listed.append({"rule": rule})
        else:
            listed.append({kind: {"family": "inet", "table": "site", "handle": handle, **body}})
    return json.dumps({"nftables": listed}).encode()


class FleetHost(RootHost):
    """Answers for routes from the tables."""

    def __init__(self, fleet: Fleet) -> None:
        super().__init__(HERE, RecordedAnswers(live=True))
        places = {"host": PathPlace(name="host", namespace=fleet.host, rules=None)}
        places |= {name: PathPlace(name=name, namespace=one, rules=None) for name, one in fleet.spaces.items()}
        self.world = World(places=places)
        self.asked = 0

    def routes(self, questions: Any) -> tuple[RouteAnswer, ...]:
        """Answer from the routes."""
        wanted: tuple[RouteQuestion, ...] = tuple(questions)
        self.asked += len(wanted)
        return tuple(answered(self.world, question, {}) for question in wanted)


Fault = Callable[[Fleet, int, random.Random], None]


def _inside(fleet: Fleet, number: int, **changes: Any) -> None:
    fleet.spaces[f"c{number}"] = replace(fleet.spaces[f"c{number}"], **changes)


def _link_inside(fleet: Fleet, number: int, **changes: Any) -> None:
    links = fleet.spaces[f"c{number}"].links
    _inside(fleet, number, links=(links[0], replace(links[1], **changes)))


def _port(fleet: Fleet, number: int, **changes: Any) -> None:
    links = tuple(replace(one, **changes) if one.name == f"veth{number}" else one for one in fleet.host.links)
    fleet.host = replace(fleet.host, links=links)


def _settings(fleet: Fleet, number: int, **changes: Any) -> None:
    port = next(one.port for one in fleet.host.links if one.name == f"veth{number}")
    assert port is not None
    _port(fleet, number, port=replace(port, **changes))


def _entry(fleet: Fleet, number: int, mac: str, state: int) -> None:
    entry = Neighbour(link=3, version=4, address=own(number), mac=mac, state=state)
    fleet.host = replace(fleet.host, neighbours=(*fleet.host.neighbours, entry))


def _queue(space: NetNamespace, link: int) -> NetNamespace:
    return replace(space, qdiscs=(*space.qdiscs, Qdisc(link=link, kind="blackhole", parent=0xFFFFFFFF, handle=1)))


def _host_queue(fleet: Fleet, number: int, _: random.Random) -> None:
    fleet.host = _queue(fleet.host, 10 + number)


def _inner_queue(fleet: Fleet, number: int, _: random.Random) -> None:
    fleet.spaces[f"c{number}"] = _queue(fleet.spaces[f"c{number}"], 20 + number)


def _match(field: str, value: Any, operator: str = "==") -> dict[str, Any]:
    return {"match": {"op": operator, "left": {"payload": {"protocol": "ip", "field": field}}, "right": value}}


def _nft(*expressions: Any) -> dict[str, Any]:
    return {"rule": [*expressions, {"drop": None}]}


def _set(elements: list[Any]) -> dict[str, Any]:
    return {"set": {"name": "bad", "type": "ipv4_addr", "flags": ["interval"], "elem": elements}}


def _renumber(fleet: Fleet) -> None:
    """Give the interface of each container the number 2, as engines do that make a veth within the container's namespace."""
    for n in NUMBERS:
        space = fleet.spaces[f"c{n}"]
        changed = {
            name: tuple(replace(one, link=2) if one.link == 20 + n else one for one in getattr(space, name))
            for name in ("addresses", "routes", "neighbours", "qdiscs")
        }
        links = tuple(replace(one, index=2) if one.index == 20 + n else one for one in space.links)
        _inside(fleet, n, links=links, **changed)
    links = tuple(replace(one, peer_index=2) if one.kind == "veth" else one for one in fleet.host.links)
    fleet.host = replace(fleet.host, links=links)


FAULTS: tuple[Fault, ...] = (
    lambda f, n, _: f.forward.append(f"-A DOCKER-USER -s {own(n)}/32 -j DROP"),
    lambda f, n, _: f.forward.append(f"-A DOCKER-USER -d {own(n)}/32 -p tcp -m tcp --dport 80 -j DROP"),
    lambda f, n, _: f.forward.append(f"-A DOCKER-USER ! -s {own(n)}/32 -i docker0 -j DROP"),
    lambda f, n, _: f.forward.append(f"-A DOCKER-USER -s 172.17.0.{n & 12}/30 -j DROP"),
    lambda f, n, _: f.forward.append(f"-A DOCKER-USER -m iprange --src-range {own(1)}-{own(n)} -j DROP"),
    lambda f, n, _: f.forward.append(f"-A DOCKER-USER -s {own(n)}/32 -d {own(n % COUNT + 1)}/32 -j DROP"),
    lambda f, n, _: f.forward.append(f"-A DOCKER-USER -m physdev --physdev-in veth{n} -j DROP"),
    lambda f, n, _: f.forward.append(f"-A DOCKER-USER -m mac --mac-source 02:00:00:00:02:{n:02x} -j DROP"),
    lambda f, _, dice: f.forward.append(f"-A DOCKER-USER -o eth0 -m mark --mark 0x{dice.randrange(4)}/0x3 -j DROP"),
    lambda f, n, _: f.nat.append(f"-A DOCKER -p tcp -m tcp --dport {9000 + n} -j DNAT --to-destination {own(5)}:81"),
    lambda f, n, _: f.nat.append(f"-A DOCKER -p tcp -m tcp --dport 9001:{9000 + n} -j RETURN"),
    lambda f, n, _: f.nft.append(_nft(_match("saddr", own(n)))),
    lambda f, n, _: f.nft.append(_nft(_match("saddr", own(n), "!="), _match("daddr", {"prefix": {"addr": "172.17.0.0", "len": 28}}))),
    lambda f, n, _: f.nft.extend([_set([own(n), own(n % COUNT + 1)]), _nft(_match("saddr", "@bad"))]),
    lambda f, n, _: f.nft.append(_nft(_match("daddr", {"set": [own(n), {"range": [own(5), own(6)]}]}))),
    lambda f, n, _: _link_inside(f, n, flags=0),
    lambda f, n, _: _link_inside(f, n, mtu=68),
    lambda f, n, _: _link_inside(f, n, mac="02:00:00:00:0f:0f"),
    lambda f, n, _: _inside(f, n, routes=f.spaces[f"c{n}"].routes[1:]),
    lambda f, n, _: _inside(f, n, sysctls={"net.ipv4.icmp_echo_ignore_all": "1"}),
    lambda f, n, _: _inside(f, n, neighbours=(Neighbour(link=20 + n, version=4, address="172.17.0.1", mac="02:00:00:00:0e:0e", state=0x80),)),
    lambda f, n, _: _inside(f, n, neighbours=(Neighbour(link=20 + n, version=4, address=own(n % COUNT + 1), mac="02:00:00:00:0e:0e", state=0x80),)),
    lambda f, n, _: _inside(f, n, addresses=f.spaces[f"c{n}"].addresses[:1]),
    lambda f, n, _: _port(f, n, flags=0),
    lambda f, n, _: _port(f, n, master=0),
    lambda f, n, _: _port(f, n, mtu=68),
    lambda f, n, _: _settings(f, n, state=0),
    lambda f, n, _: _settings(f, n, is_isolated=True),
    lambda f, n, _: _settings(f, n, floods_broadcasts=False),
    lambda f, n, _: _entry(f, n, "02:00:00:00:0e:0e", 0x80),
    lambda f, n, _: _entry(f, n, "", 0x20),
    lambda f, n, _: _entry(f, n, f"02:00:00:00:02:{n:02x}", 4),
    _host_queue,
    _inner_queue,
    lambda f, n, _: setattr(f, "host", replace(f.host, routes=(*f.host.routes, route(f"{own(n)}/32", 2)))),
    lambda f, n, _: setattr(f, "host", replace(f.host, routes=(*f.host.routes, route(f"172.17.0.{n & 12}/30", 2)))),
    lambda f, n, _: setattr(f, "host", replace(f.host, rules=(RoutingRule(priority=9, version=4, action="table", table=254, source=own(n)),))),
    lambda f, n, _: setattr(f, "host", replace(f.host, fdb=(ForwardingEntry(link=10 + n % COUNT + 1, master=3, mac=f"02:00:00:00:02:{n:02x}", state=0x80),))),
    lambda f, n, _: setattr(f, "host", replace(f.host, addresses=(*f.host.addresses, replace(f.host.addresses[1], address=own(n))))),
)  # fmt: skip
"""Each makes containers differ, or leaves them alike."""


def compared(found: Paths) -> tuple[object, ...]:
    """All but the order: each way once, with the hop where it ends and its sentence's reason."""
    ends = {
        (cut.cause, cut.end, cut.place, cut.device, cut.chain, cut.rule, way.kind, way.start, way.target, way.port)
        for cut in found.cuts
        for way in cut.ways
    }
    return found.walked, found.delivered, sum(count for _, count in found.unknown), frozenset(ends)


def each(self: Alike, ways: Any) -> dict[Any, Any]:
    """No two ways are alike."""
    del self
    return {way: (way,) for way in ways}


@pytest.mark.parametrize("seed", range(len(FAULTS)))
def test_it_is_as_if_each_was_walked(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """With one to three faults of random containers; in every other one their interfaces share a number."""
    dice = random.Random(seed)
    fleet = Fleet()
    for _ in range(dice.randint(1, 3)):
        fault = FAULTS[seed % len(FAULTS)] if not _ else dice.choice(FAULTS)
        for _number in range(dice.randint(1, 2)):
            fault(fleet, dice.choice(NUMBERS), dice)
    if seed % 2:
        _renumber(fleet)
    shared = compared(fleet.found())
    monkeypatch.setattr(Alike, "groups", each)
    assert shared == compared(fleet.found())


def test_few_ways_are_walked_on_a_healthy_host() -> None:
    """Two kinds of containers: with and without a published port. Each fault of one takes it out; groups of multicast and equal numbers do not."""
    walked: list[int] = []

    class Counted(Alike):
        """Counts the groups."""

        def groups(self, ways: Any) -> dict[Any, Any]:
            """Count them."""
            found = super().groups(ways)
            walked.append(len(found))
            return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("doctor.collect.path.following.Alike", Counted)
        healthy = Fleet()
        assert healthy.found().delivered == healthy.found().walked == 8 * 4 + 4 * 4 + 1
        grouped = Fleet()
        for n in NUMBERS:
            group = Neighbour(
                link=20 + n, version=6, address=f"ff02::1:ff00:{n}", mac=f"33:33:ff:00:00:{n:02x}", state=0x40
            )
            _inside(grouped, n, neighbours=(group,))
        _renumber(grouped)
        grouped.found()
        other = Fleet()
        _link_inside(other, 7, mtu=1400)
        other.found()
    assert walked[0] == walked[-2] < 20
    assert walked[-1] == walked[0] + 5


def test_elements_that_are_skipped_name_nobody() -> None:
    """Of a large set only those elements are judged that may concern a container: the same classes come out."""
    names = [["172.17.0.2", "02:42:ac:11:00:02", "8080"], ["172.17.0.3", "veth1"]]
    keys: list[Any] = [
        *("172.17.0.2", "172.17.0.3", "172.17.0.4", "203.0.113.9", "172.17.2", "veth1", "veth*", "172.17.0.2-172.17.0.9"),
        *({"prefix": {"addr": addr, "len": length}} for addr in ("172.17.0.0", "203.0.113.7", "172.17.0.4") for length in (0, 8, 16, 29, 31, 32)),
        {"prefix": {"addr": "2001:db8::", "len": 32}},
        {"prefix": {"addr": "172.17.0.0", "len": "16"}},
        {"range": ["172.17.0.3", "172.17.0.9"]},
        {"range": ["203.0.113.1", "203.0.113.9"]},
        {"concat": ["172.17.0.2", 80]},
        {"elem": {"val": "172.17.0.3", "timeout": 9}},
        8080,
    ]  # fmt: skip
    for data in (None, {"drop": None}, {"jump": {"target": "veth1"}}, "172.17.0.3"):
        for key in keys:
            value = key if data is None else [key, data]
            quick, whole = Members(names), Members(names)
            quick.elements([value], ("here",))
            whole.element(value, ("here",))
            words = ["172.17.0.2", "172.17.0.3", "veth1", "203.0.113.5"]
            assert (quick.own, quick.unlike, quick.is_opaque) == (whole.own, whole.unlike, whole.is_opaque), value
            assert quick.cell(words) == whole.cell(words), value
