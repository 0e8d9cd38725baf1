"""Where test containers stand: addresses that nobody has, and an outside that collides with nothing."""

from ipaddress import IPv4Address, IPv4Network, ip_interface

from hypothesis import given
from hypothesis import strategies as st

from doctor.facts.firewall.packet_filter import Firewall, Saved
from doctor.facts.network.links import Address, Link, Links, Route
from doctor.facts.network.networks import Endpoint, Network, Networks
from doctor.formats.firewall.iptables_save import Rule, parse
from doctor.model.missing import Missing, Why
from doctor.probes._cuts import PacketCut, Path, cut, cut_for_it_alone, path_to
from doctor.probes._outside import behind, free_networks, is_ethernet, on_own_bridge, uplink_of
from doctor.probes._place import hardware_address, place
from doctor.scan.probe_round import Addresses

SAVE = """*filter
:FORWARD DROP [0:0]
:DOCKER - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -o docker0 -j DOCKER
{user}
COMMIT
"""
ACCEPT = Rule(
    table="filter",
    chain="DOCKER",
    text="-A DOCKER -d 172.17.255.254/32 ! -i docker0 -o docker0 -p tcp --dport 80 -j ACCEPT",
    line=0,
)


def network(subnet: str = "172.17.0.0/16", gateway: str = "172.17.0.1/16") -> Network:
    return Network(id="n1", name="bridge", driver="bridge", bridge="docker0", subnets=(subnet,), gateway=gateway)


def links(*held: tuple[str, str, int], routes: tuple[Route, ...] = ()) -> Links:
    return Links(
        links=tuple(
            Link(
                index=number,
                name=name,
                flags=frozenset({"UP"}),
                mtu=1500,
                addresses=(Address(family="inet", address=address, prefix=prefix, scope="global"),),
            )
            for number, (name, address, prefix) in enumerate(held)
        ),
        routes=routes,
    )


@given(st.integers(24, 29), st.data())
def test_an_address_is_free_and_inside(prefix: int, data: st.DataObject) -> None:
    subnet = IPv4Network(f"10.0.0.0/{prefix}")
    hosts = [str(IPv4Address(int(subnet[0]) + n)) for n in range(1, min(subnet.num_addresses - 1, 40))]
    top = [str(IPv4Address(int(subnet[-1]) - n)) for n in range(1, min(subnet.num_addresses - 1, 6))]
    taken = data.draw(st.lists(st.sampled_from(hosts + top), max_size=6))
    gateway = data.draw(st.sampled_from([hosts[0], top[0]]))
    net = network(str(subnet), f"{gateway}/{prefix}")
    known = Networks(items=(net,), endpoints=tuple(Endpoint(id=one, network_id="n1", ip=one) for one in taken))
    addresses = Addresses(known, links())
    given_out = []
    while len(given_out) < 5 and not isinstance(spot := addresses.on("n1"), str):
        given_out.append(str(ip_interface(spot["address"]).ip))
        assert spot["mac"] == hardware_address(given_out[-1])
    # The first address of a subnet is never given out: it is the usual gateway.
    free = sum(1 for n in range(2, subnet.num_addresses - 1) if str(subnet[n]) not in {*taken, gateway})
    assert len(given_out) == min(5, free)
    assert len(set(given_out)) == len(given_out)
    assert not {*taken, gateway} & set(given_out)
    assert all(IPv4Address(one) in subnet for one in given_out)


def test_a_full_network_is_said() -> None:
    net = network("10.0.0.0/30", "10.0.0.1/30")
    known = Networks(items=(net,), endpoints=(Endpoint(id="e", network_id="n1", ip="10.0.0.2"),))
    assert place(net, known, links()) is None
    assert Addresses(known, links()).on("n1") == "network bridge has no free address"
    assert "can't be read" in str(Addresses(None, links()).on("n1"))


def test_a_bridge_that_is_missing_is_made() -> None:
    net = network()
    spot = place(net, Networks(items=(net,)), links(("docker0", "172.17.0.1", 16)))
    assert spot is not None
    assert not spot["create"]
    spot = place(net, Networks(items=(net,)), links(("eth0", "198.51.100.1", 24)))
    assert spot is not None
    assert spot["create"]


GONE = Missing(Why.ABSENT, "not here")


def test_the_outside_avoids_what_the_host_has() -> None:
    """An address, a route and a name of the host each move it; if all are used there is no free one."""
    first = on_own_bridge(links(("eth0", "10.0.0.1", 24)), GONE)
    assert first is not None
    assert (first.interface, first.host, first.client) == ("doctor0", "192.0.2.1", "192.0.2.2")
    route = Route(destination="192.0.2.0/24", device="eth0", gateway="10.0.0.254")
    second = on_own_bridge(links(("doctor0", "198.51.100.1", 24), routes=(route,)), GONE)
    assert second is not None
    assert (second.interface, second.host) == ("doctor1", "203.0.113.1")
    default = Route(destination="default", device="eth0", gateway="10.0.0.254")
    assert on_own_bridge(links(("eth0", "10.0.0.1", 24), routes=(default,)), GONE) == first
    halves = tuple(Route(destination=text, device="tun0", gateway="10.8.0.1") for text in ("0.0.0.0/1", "128.0.0.0/1"))
    assert on_own_bridge(links(("eth0", "10.0.0.1", 24), routes=halves), GONE) == first
    every = tuple(
        Route(destination=text, device="eth0")
        for text in ("192.0.2.0/24", "203.0.113.0/24", "198.51.100.0/24", "198.18.0.0/15")
    )
    assert on_own_bridge(links(routes=every), GONE) is None


def test_the_outside_has_addresses_that_no_rule_speaks_of() -> None:
    """Lists of addresses that must not occur hold the documentation networks: a client from there is not any client."""
    bogons = "-A DOCKER-USER -s 192.0.2.0/24 -j DROP\n-A DOCKER-USER -s 203.0.113.0/24 -j DROP"
    found = free_networks(links(("eth0", "10.0.0.1", 24)), firewall(bogons))
    assert [str(network) for network in found] == [
        "198.51.100.0/29",
        "198.18.0.0/29",
        "192.0.2.0/29",
        "203.0.113.0/29",
    ]


def test_who_can_stand_behind_what() -> None:
    host = links(("eth1", "10.1.0.1", 24), ("eth0", "10.0.0.1", 24))
    host = Links(links=host.links, routes=(Route(destination="default", device="eth0", gateway="10.0.0.254"),))
    link = uplink_of(host)
    assert link is not None
    assert link.name == "eth0"
    one, other = (behind(link, IPv4Network("192.0.2.0/29"), number) for number in (0, 1))
    assert (one.client, other.client) == ("192.0.2.2", "192.0.2.3")
    assert one.place == {"name": "eth0", "address": "192.0.2.2/29", "gateway": "192.0.2.1", "uplink": True}
    tunnel = Link(
        index=1, name="wg0", flags=frozenset({"UP", "NOARP", "POINTOPOINT"}), mtu=1420, addresses=link.addresses
    )
    assert not is_ethernet(tunnel)
    assert uplink_of(Links(links=(tunnel,), routes=(Route(destination="default", device="wg0"),))) is None


def firewall(user: str) -> Firewall:
    return Firewall(backend="nft", v4=Saved.of(("iptables-save",), parse(SAVE.format(user=user))))


def path(inside: str = "doctor0", source: str = "192.0.2.2") -> Path:
    return path_to(
        inside=inside,
        source=source,
        address="10.0.0.1",
        host_port=8080,
        container="172.17.255.254",
        port=80,
        bridge="docker0",
    )


def test_a_rule_against_the_probe_is_distinguished_from_one_against_clients() -> None:
    def alone(user: str, rule: Rule | None = ACCEPT) -> str:
        return cut_for_it_alone(firewall(user), path(), "eth0", rule)

    assert alone("") == ""
    assert alone("", None) == "", "both are dropped by the policy: no rule of the engine accepts"
    assert alone("-A DOCKER-USER -i doctor+ -j DROP") == "-A DOCKER-USER -i doctor+ -j DROP"
    known = "-A DOCKER-USER -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n"
    listed = "-A DOCKER-USER -i eth0 -j ACCEPT\n-A DOCKER-USER -j DROP"
    assert alone(known + listed) == "-A DOCKER-USER -j DROP"
    assert alone(listed) == "", "answers to clients are dropped as well"
    assert alone("-A DOCKER-USER -j DROP") == "", "clients are cut off as well"
    assert alone("-A DOCKER-USER ! -i eth0 -o docker0 -j REJECT") == "-A DOCKER-USER ! -i eth0 -o docker0 -j REJECT"


def test_a_wish_is_distinguished_from_a_cut() -> None:
    """By source: an allow list. By something that can't be judged: unsure. By the interface alone: a cut."""

    def by_uplink(user: str) -> PacketCut:
        return cut(firewall(user), path("eth0"), ACCEPT)

    assert by_uplink("") == PacketCut()
    assert by_uplink("-A DOCKER-USER -i eth0 -j DROP") == PacketCut(rule="-A DOCKER-USER -i eth0 -j DROP")
    assert by_uplink("-A DOCKER-USER -i eth0 ! -s 10.0.0.0/8 -j DROP").spares == "10.0.0.1"
    listed = by_uplink("-A DOCKER-USER -s 10.2.0.0/16 -j ACCEPT\n-A DOCKER-USER -i eth0 -j DROP")
    assert listed.spares == "10.2.0.1"
    assert not by_uplink("-A DOCKER-USER -i eth0 -m set ! --match-set friends src -j DROP").is_sure
    policy = cut(firewall(""), path("eth0"))
    assert policy.is_engines
    assert policy.rule == "the policy of FORWARD in filter"


def test_rules_ahead_of_the_translation_count() -> None:
    save = "*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -i eth0 -p tcp -m tcp --dport 8080 -j DROP\nCOMMIT\n"
    raw = Firewall(backend="nft", v4=Saved.of(("iptables-save",), parse(save + SAVE.format(user=""))))
    assert cut(raw, path("eth0"), ACCEPT).rule.startswith("-A PREROUTING -i eth0")
    assert cut(raw, path("eth1"), ACCEPT) == PacketCut()


def test_rules_against_the_answer_count() -> None:
    out = "-A DOCKER-USER -o eth0 -p tcp -j DROP"
    assert cut(firewall(out), path("eth0"), ACCEPT).rule == out
    assert cut(firewall(out), path("eth1"), ACCEPT) == PacketCut()
    assert (
        cut(firewall("-A DOCKER-USER -i docker0 -m conntrack --ctstate NEW -j DROP"), path("eth0"), ACCEPT)
        == PacketCut()
    )
