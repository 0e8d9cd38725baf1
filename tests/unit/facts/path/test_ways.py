"""The ways of the engine's containers, and the world that they are walked in, from a host's facts."""

import time

from msgspec.structs import replace

from doctor.facts.firewall.packet_filter import Saved
from doctor.facts.host.processes import Processes
from doctor.facts.network.listeners import Listener, Listeners
from doctor.facts.network.networks import Endpoint, Network, Networks, PublishedPort
from doctor.facts.path.namespaces import NetNamespaces
from doctor.facts.path.resolvers import RULES
from doctor.facts.path.rule_lists import PathFirewalls, RuleLists
from doctor.facts.path.rules.tables import IptablesRules
from doctor.facts.path.scene.outer import PathOutside
from doctor.facts.path.scene.ways import WayMaker
from doctor.facts.path.scene.worlds import proxies_of, sockets_of, world_of
from doctor.formats.firewall import iptables_save
from doctor.model.missing import Missing, Why
from doctor.model.process import Process
from tests.unit.facts.path.small_world import ENGINE, container, host, walked

PORT = PublishedPort(protocol="tcp", host_ip="0.0.0.0", host_port=8080, container_ip="172.17.0.2", container_port=80)
LOCAL = replace(PORT, host_ip="127.0.0.1", host_port=8082)
BRIDGE = Network(
    id="n" * 64, name="bridge", driver="bridge", bridge="docker0", subnets=("172.17.0.0/16",), gateway="172.17.0.1/16",
    is_default=True,
)  # fmt: skip
AA = Endpoint(
    id="1", network_id=BRIDGE.id, container_id="a", container="aa", ip="172.17.0.2", is_running=True, ports=(PORT,)
)
BB = Endpoint(id="2", network_id=BRIDGE.id, container_id="b", container="bb", ip="172.17.0.3", is_running=True)
NETWORKS = Networks(items=(BRIDGE,), endpoints=(AA, BB))
NAMESPACES = NetNamespaces(
    host=host(), containers={"a": container(1, "172.17.0.2", inode=7), "b": container(2, "172.17.0.3", inode=8)}
)
FIREWALLS = PathFirewalls(
    host=RuleLists(saves=(IptablesRules.of(Saved.of(("iptables-save",), iptables_save.parse(ENGINE))),))
)
LISTENERS = Listeners(items=(Listener(protocol="tcp", address="0.0.0.0", port=8080, inode=5),))
OUTSIDE = PathOutside(uplink="eth0", targets={4: ("203.0.113.9",)}, own={4: "192.0.2.5"}, senders={4: "203.0.113.9"})
SOCKETS = tuple(sockets_of(NETWORKS, LISTENERS, None))


def maker(networks: Networks = NETWORKS) -> WayMaker:
    resolvers = {"a": ("198.51.100.53", "172.17.0.3", "192.0.2.5", "2001:db8::53", "127.0.0.1")}
    return WayMaker(networks, NAMESPACES, outside=OUTSIDE, resolvers=resolvers)


def test_each_container_has_its_ways() -> None:
    found = [(way.kind, way.start, way.end, way.target) for way in maker().all()]
    assert found == [
        ("gateway", "aa", "host", "172.17.0.1"),
        ("egress", "aa", "outside", "203.0.113.9"),
        ("dns", "aa", "outside", "198.51.100.53"),
        ("dns", "aa", "bb", "172.17.0.3"),
        ("dns", "aa", "host", "192.0.2.5"),
        ("peer", "aa", "bb", "172.17.0.3"),
        ("host-to-container", "host", "aa", "172.17.0.2"),
        ("published", "outside", "aa", "192.0.2.5"),
        ("host-published", "host", "aa", "192.0.2.5"),
        ("hairpin", "aa", "aa", "192.0.2.5"),
        ("loopback", "host", "aa", "127.0.0.1"),
        ("gateway", "bb", "host", "172.17.0.1"),
        ("egress", "bb", "outside", "203.0.113.9"),
        ("peer", "bb", "aa", "172.17.0.2"),
        ("host-to-container", "host", "bb", "172.17.0.3"),
    ]


def test_a_container_whose_namespace_was_not_read_gets_no_packets() -> None:
    """It has ended since it was listed, or nobody may look into it: whether it answers is not known."""
    left = replace(NAMESPACES, containers={"a": NAMESPACES.containers["a"]})
    found = WayMaker(NETWORKS, left, outside=OUTSIDE, resolvers={"a": ("198.51.100.53", "172.17.0.3")})
    ways = tuple(found.all())
    assert [way.target for way in ways if way.kind == "dns"] == ["198.51.100.53"]
    assert not [way for way in ways if "bb" in {way.start, way.end} or way.target == "172.17.0.3"]


def test_what_a_network_closes_is_no_way() -> None:
    """Internal: nothing outside and no ports; without icc no peers; a port of the loopback is for the host alone."""
    inner = replace(NETWORKS, items=(replace(BRIDGE, internal=True, icc=False),))
    assert {way.kind for way in maker(inner).all()} == {"gateway", "host-to-container"}
    alone = replace(NETWORKS, items=(replace(BRIDGE, internal=True, gateway_mode="isolated"),))
    assert {way.kind for way in maker(alone).all()} == {"peer"}
    local = replace(NETWORKS, endpoints=(replace(AA, ports=(LOCAL,)),))
    ports = [(way.kind, way.target) for way in maker(local).all() if way.port == 8082]
    assert ports == [("loopback", "127.0.0.1")]


def test_a_container_of_a_users_network_asks_the_engines_name_server() -> None:
    """If its rules are gone, dns/embedded-nat-missing judges that: nothing is walked, and nothing is called delivered."""
    app = replace(NETWORKS, items=(replace(BRIDGE, is_default=False),))
    ruled = replace(NAMESPACES.containers["a"], nft_tables=(("ip", "nat"),), nft_rules=RULES)
    spaces = replace(NAMESPACES, containers={"a": ruled, "b": replace(ruled, nft_rules={})})
    ways = WayMaker(app, spaces, outside=OUTSIDE).all()
    assert [way.start for way in ways if way.target == "127.0.0.11"] == ["aa"]


def test_a_healthy_host_delivers_all_of_them() -> None:
    ways = [way for way in maker().all() if way.kind != "dns"]
    world = world_of(NETWORKS, NAMESPACES, FIREWALLS, SOCKETS, ways, uplink="eth0")
    assert (world.uplink, sorted(world.places)) == ("eth0", ["aa", "bb", "host"])
    found = {way.kind: walked(world, way) for way in ways}
    assert {kind: one.end for kind, one in found.items()} == dict.fromkeys(found, "delivered"), found


def test_without_the_proxy_the_loopback_ends_at_the_host() -> None:
    ways = list(maker().all())
    world = world_of(NETWORKS, NAMESPACES, FIREWALLS, (), ways, uplink="eth0")
    (way,) = [way for way in ways if way.kind == "loopback"]
    assert walked(world, way).cause == "proxy-missing"


def test_a_socket_is_the_proxy_of_the_process_that_forwards_it() -> None:
    """Another program on a published port is named, if it is known."""
    words = "-proto tcp -host-ip 0.0.0.0 -host-port 8080 -container-ip 172.17.0.2 -container-port 80"
    proxy = Process(
        pid=7, ppid=1, start_ticks=1, state="S", comm="docker-proxy", exe="", argv=("docker-proxy", *words.split())
    )
    proxies = proxies_of(Processes(items=(proxy,)))
    assert proxies == {("tcp", "0.0.0.0", 8080): ("172.17.0.2", 80)}
    assert [one.forwards for one in sockets_of(NETWORKS, LISTENERS, proxies)] == [("172.17.0.2", 80)]
    assert proxies_of(Processes(items=(replace(proxy, state="Z"),))) == {}
    (taken,) = sockets_of(NETWORKS, LISTENERS, {})
    ways = list(maker().all())
    world = world_of(NETWORKS, NAMESPACES, FIREWALLS, (replace(taken, program="nc"),), ways, uplink="eth0")
    (way,) = [way for way in ways if way.kind == "loopback"]
    found = walked(world, way)
    assert (found.cause, found.reason) == ("taken", "the host: nc listens on port 8080")


def test_what_was_not_read_is_doubt() -> None:
    ways = [way for way in maker().all() if way.kind == "egress" and way.start == "aa"]
    gap = PathFirewalls(host=RuleLists(saves=FIREWALLS.host.saves, gaps=(Missing(Why.DENIED, "nft: not permitted"),)))
    assert walked(world_of(NETWORKS, NAMESPACES, gap, None, ways, uplink="eth0"), ways[0]).end == "unknown"
    tables = {"a": container(1, "172.17.0.2", inode=7, nft_tables=(("inet", "own"),)), "b": NAMESPACES.containers["b"]}
    odd = NetNamespaces(host=host(), containers=tables)
    assert walked(world_of(NETWORKS, odd, FIREWALLS, None, ways, uplink="eth0"), ways[0]).end == "unknown"


def test_a_thousand_containers_have_their_ways_soon() -> None:
    endpoints = tuple(
        replace(
            BB,
            id=str(number),
            container_id=f"id{number}",
            container=f"c{number}",
            ip=f"172.17.{number >> 8}.{number & 255}",
        )
        for number in range(1000)
    )
    spaces = NetNamespaces(
        host=host(), containers={f"id{number}": NAMESPACES.containers["b"] for number in range(1000)}
    )
    begin = time.process_time()
    found = list(WayMaker(Networks(items=(BRIDGE,), endpoints=endpoints), spaces, outside=OUTSIDE).all())
    assert len(found) == 4000
    assert time.process_time() - begin < 0.5
