"""The hops at which packets of containers end: one for all ways that end there, and none that is a guess."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from msgspec.structs import replace

from doctor.collect.path.paths import paths
from doctor.facts.containers.containers import Container, Containers, ContainerState
from doctor.facts.network.networks import Networks
from doctor.facts.path.namespace import Neighbour
from doctor.facts.path.namespaces import NetNamespaces
from doctor.facts.path.paths import PathCut, Paths, merged
from doctor.facts.path.routing import UNKNOWN, RouteAnswer, RouteQuestion
from doctor.facts.path.rule_lists import PathFirewalls, RuleLists
from doctor.facts.path.rules.tables import IptablesRules
from doctor.facts.path.way import DROPPED, Hop, Walk, Way
from doctor.host.recorded import RecordedAnswers, RootHost
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath
from tests.unit.facts.path.small_world import ENGINE, answered, container, host, with_link, world
from tests.unit.facts.path.test_ways import FIREWALLS, LISTENERS, NAMESPACES, NETWORKS

HERE = str(Path(__file__).parent)
"""A directory without files of a host."""
GONE = Missing(Why.ABSENT, "it is not here")
NONE = Containers(items=())


class RoutedHost(RootHost):
    """A recorded host that answers for routes from its tables; `errors` are answers by process and destination."""

    def __init__(self, namespaces: NetNamespaces, errors: Mapping[tuple[int, str], str], place: str) -> None:
        super().__init__(place, RecordedAnswers(live=True))
        self.namespaces, self.errors = namespaces, errors
        self.asked = 0

    def routes(self, questions: Iterable[RouteQuestion]) -> tuple[RouteAnswer, ...]:
        """Answer from the routes."""
        wanted = tuple(questions)
        self.asked += 1
        places = world(of_host=self.namespaces.host)
        for identity, name in (("a", "aa"), ("b", "bb")):
            places.places[name].namespace = self.namespaces.containers[identity]
        return tuple(answered(places, question, self.errors) for question in wanted)


def found(
    namespaces: NetNamespaces = NAMESPACES,
    *,
    firewalls: PathFirewalls = FIREWALLS,
    errors: Mapping[tuple[int, str], str] | None = None,
    networks: Networks = NETWORKS,
    containers: Containers = NONE,
    place: str = HERE,
) -> Paths:
    """The fact of a host."""
    made = RoutedHost(namespaces, errors or {}, place)
    return paths(made, networks, namespaces, firewalls, LISTENERS, GONE, GONE, containers)


def test_a_healthy_host_has_no_cut() -> None:
    """Each way arrives, that of a new container too, and all walks together ask for routes a few times."""
    healthy = found()
    assert (healthy.cuts, healthy.unknown) == ((), ())
    assert healthy.walked == healthy.delivered == 13


def test_a_new_container_is_asked_for_where_an_earlier_one_had_its_address() -> None:
    """The host remembers the last owner for a while; an entry that somebody fixed by hand would stay."""
    earlier = Neighbour(link=3, version=4, address="172.17.0.4", mac="02:42:ac:11:00:04", state=0x04)
    for state in (0x02, 0x04, 0x08, 0x20):
        own = host()
        seen = replace(own, neighbours=(*own.neighbours, replace(earlier, state=state)))
        healthy = found(replace(NAMESPACES, host=seen))
        assert (healthy.cuts, healthy.unknown) == ((), ()), state
    fixed = replace(own, neighbours=(*own.neighbours, replace(earlier, state=0x80)))
    assert found(replace(NAMESPACES, host=fixed)).unknown or found(replace(NAMESPACES, host=fixed)).cuts


def test_ways_that_end_at_one_hop_are_one_cut() -> None:
    """The sentence is that of the first; existing containers are named."""
    errors = dict.fromkeys([(0, "193.0.14.129"), (0, "9.9.9.9")], "ENETUNREACH")
    (cut,) = found(errors=errors).cuts
    assert (cut.cause, cut.place, cut.containers) == ("no-route", "host", ("aa", "bb"))
    assert cut.kinds == {"egress", "egress-new"}
    assert cut.says == "packets from aa to outside end at the routing: there is no route to 193.0.14.129"
    assert cut.reason == "the routing: there is no route to 193.0.14.129"
    assert cut.hops[-1].outcome == DROPPED


def test_a_rule_is_one_cut_whatever_it_drops() -> None:
    """Answers that it drops as well do not make a second one."""
    saved = ENGINE.replace("-A DOCKER-USER -j RETURN", "-A DOCKER-USER -s 172.17.0.2/32 -j DROP")
    lists = RuleLists(saves=(IptablesRules.parse("iptables-save", saved),))
    (cut,) = found(firewalls=PathFirewalls(host=lists)).cuts
    assert (cut.cause, cut.chain, cut.table) == ("rule", "DOCKER-USER", "ip filter")
    assert {(way.kind, way.start) for way in cut.ways} == {("egress", "aa"), ("published", "outside")}
    assert not cut.is_answer
    assert found(firewalls=PathFirewalls(host=lists)).of("rule", "loop") == (cut,)
    assert found(firewalls=PathFirewalls(host=lists)).of("loop") == ()


def test_what_happens_in_two_containers_are_two_cuts() -> None:
    spaces = {
        "a": with_link(NAMESPACES.containers["a"], "eth0", flags=0),
        "b": with_link(NAMESPACES.containers["b"], "eth0", flags=0),
    }
    cuts = found(replace(NAMESPACES, containers=spaces)).cuts
    assert {(cut.cause, cut.place) for cut in cuts} >= {("link-down", "aa"), ("link-down", "bb")}


def test_a_bridge_that_is_down_cuts_a_new_container_too() -> None:
    down = replace(NAMESPACES, host=with_link(host(), "docker0", flags=0x1002))
    (cut,) = [cut for cut in found(down).cuts if "egress-new" in cut.kinds]
    assert (cut.cause, cut.device) == ("link-down", "docker0")
    assert cut.containers == ("aa", "bb")


def test_a_container_that_ended_meanwhile_has_no_cut(tmp_path: Path) -> None:
    """Its socket and its rules may have gone before the scan read them; of the others, ways to it are not judged either."""
    saved = ENGINE.replace("-A DOCKER-USER -j RETURN", "-A DOCKER-USER -s 172.17.0.2/32 -j DROP")
    firewalls = PathFirewalls(host=RuleLists(saves=(IptablesRules.parse("iptables-save", saved),)))
    running = Containers(
        items=tuple(
            Container(
                id=name,
                directory=HostPath("/x"),
                name=name * 2,
                image="",
                image_id="",
                driver="overlay2",
                created="",
                state=ContainerState(running=True, pid=pid),
                host=None,
                log_path=HostPath("/x/log"),
                hosts_path=HostPath("/x/hosts"),
                resolv_conf_path=HostPath("/x/resolv.conf"),
            )
            for name, pid in (("a", 1), ("b", 2))
        )
    )
    for pid, group in ((1, "a"), (2, "b")):
        (tmp_path / f"proc/{pid}").mkdir(parents=True)
        (tmp_path / f"proc/{pid}/cgroup").write_text(f"0::/docker/{group}")
    (cut,) = found(firewalls=firewalls, containers=running, place=str(tmp_path)).cuts
    assert cut.containers == ("aa",)
    (tmp_path / "proc/1/cgroup").write_text("0::/init.scope")
    assert found(firewalls=firewalls, containers=running, place=str(tmp_path)).cuts == ()


def test_without_answers_nothing_is_claimed() -> None:
    """A recorded host, and a prediction: neither a cut nor a delivered packet."""
    recorded = RootHost(HERE, RecordedAnswers(live=True))
    result = paths(recorded, NETWORKS, NAMESPACES, FIREWALLS, LISTENERS, GONE, GONE, Containers(items=()))
    assert recorded.routes([RouteQuestion(destination="192.0.2.1")])[0].error == UNKNOWN
    assert (result.cuts, result.delivered, result.walked) == ((), 0, 13)
    assert sum(count for _, count in result.unknown) == 13


def test_without_a_running_container_nothing_is_walked() -> None:
    with pytest.raises(HostError) as refused:
        found(networks=replace(NETWORKS, endpoints=()))
    assert refused.value.missing.why is Why.ABSENT


def test_a_new_container_gets_a_free_address() -> None:
    """The lowest that nobody has, and routes by what the engine would give it."""
    result = found(replace(NAMESPACES, containers={"a": NAMESPACES.containers["a"], "b": container(2, "172.17.0.3")}))
    assert result.walked == 13
    walks = [(Walk(way=Way(kind="x", start="a", end="b", target="192.0.2.1"), hops=(), end=DROPPED), ())]
    assert merged(walks).cuts[0].ways == ()


def inside(place: str, saved: str) -> PathFirewalls:
    """The host's usual rules, and these in the namespace of `aa` (7) or `bb` (8)."""
    lists = RuleLists(saves=(IptablesRules.parse("iptables-save", f"*filter\n:INPUT ACCEPT [0:0]\n{saved}\nCOMMIT\n"),))
    return replace(FIREWALLS, containers={{"aa": 7, "bb": 8}[place]: lists})


def of_kinds(result: Paths) -> list[tuple[str, str, frozenset[str]]]:
    """Cause, place and kinds of each cut."""
    return [(cut.cause, cut.place, cut.kinds) for cut in result.cuts]


SUSPECT = replace(
    NAMESPACES,
    containers={
        "a": replace(NAMESPACES.containers["a"], nft_tables=(("ip", "filter"),)),
        "b": replace(NAMESPACES.containers["b"], nft_tables=(("ip", "filter"),)),
    },
)


def test_pings_that_are_dropped_are_no_cut() -> None:
    """Programs get through; the gateway's ports are nobody's business."""
    assert found(SUSPECT, firewalls=inside("aa", "-A INPUT -p icmp -m icmp --icmp-type 8 -j DROP")).cuts == ()
    on_host = ENGINE.replace(":INPUT ACCEPT", ":INPUT DROP").replace(
        "-A FORWARD -j DOCKER-USER",
        "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n-A INPUT -i lo -j ACCEPT\n-A FORWARD -j DOCKER-USER",
    )
    lists = RuleLists(saves=(IptablesRules.parse("iptables-save", on_host),))
    assert {kind for _, _, kinds in of_kinds(found(firewalls=PathFirewalls(host=lists))) for kind in kinds} == {
        "hairpin"
    }


def test_a_container_may_close_ports_that_it_does_not_serve() -> None:
    """The one that it serves is needed: the published one of `aa`; `bb` serves nobody knows what."""
    closed = "-A INPUT -m conntrack --ctstate NEW -j DROP"
    assert of_kinds(found(SUSPECT, firewalls=inside("bb", closed))) == []
    assert [one[:2] for one in of_kinds(found(SUSPECT, firewalls=inside("aa", closed)))] == [("rule", "aa")]


def test_an_echo_that_is_ignored_is_no_cut() -> None:
    quiet = replace(NAMESPACES.containers["a"], sysctls={"net.ipv4.icmp_echo_ignore_all": "1"})
    assert found(replace(NAMESPACES, containers={**NAMESPACES.containers, "a": quiet})).cuts == ()


def test_a_container_elsewhere_is_not_the_routes_fault() -> None:
    """The route to the bridge is right; the container's port left it, or the bridge is down."""
    gone = replace(NAMESPACES, host=with_link(host(), "vaa", master=0))
    assert {cut.cause for cut in found(gone).cuts} <= {"no-bridge", "wrong-mac", "neighbour"}
    # The kernel has no routes over an interface that is down.
    left = tuple(route for route in host().routes if route.destination != "172.17.0.0/16")
    down = replace(NAMESPACES, host=with_link(host(routes=left), "docker0", flags=0x1002))
    assert {(cut.cause, cut.device) for cut in found(down).cuts} == {("link-down", "docker0")}


def test_shown_hops_are_the_interfaces_that_a_packet_passed() -> None:
    """With bridge-nf the hooks of IP are met at a bridge before the port's own ones, and a route names the next interface."""
    steps = (
        ("aa", "eth0", "route", "unicast"),
        ("aa", "eth0", "link", "out"),
        ("host", "veth1", "link", "in"),
        ("host", "veth1", "bridge prerouting", "accept"),
        ("host", "docker0", "ip prerouting", "accept"),
        ("host", "veth1", "bridge input", "accept"),
        ("host", "docker0", "ingress of docker0", "accept"),
        ("host", "up", "route", "unicast"),
        ("host", "docker0", "ip forward", "drop"),
        ("host", "", "end", DROPPED),
    )
    hops = tuple(Hop(place=place, device=device, step=step, outcome=out) for place, device, step, out in steps)
    way = Way(kind="egress", start="aa", end="outside", target="192.0.2.1")
    cut = PathCut(cause="rule", end=DROPPED, place="host", device="", says="", reason="", ways=(way,), hops=hops)
    assert cut.evidence[1].value == "aa eth0 → host veth1 → host docker0 → ip forward: drop"
