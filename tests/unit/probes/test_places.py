"""Where test containers stand: addresses that nobody has, and an outside that collides with nothing."""

from ipaddress import IPv4Address, IPv4Network, ip_interface

from hypothesis import given
from hypothesis import strategies as st

from doctor.facts.firewall import Firewall, Saved
from doctor.facts.links import Address, Link, Links, Route
from doctor.facts.networks import Endpoint, Network, Networks
from doctor.formats.iptables_save import Rule, parse
from doctor.probes._outside import cut_for_it_alone, outside, packet_to
from doctor.probes._place import hardware_address, place
from doctor.scan.batch import Addresses

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
    assert Addresses(known, links()).on("n1") == "no address is free on network bridge"
    assert "can't be read" in str(Addresses(None, links()).on("n1"))


def test_a_bridge_that_is_missing_is_made() -> None:
    net = network()
    spot = place(net, Networks(items=(net,)), links(("docker0", "172.17.0.1", 16)))
    assert spot is not None
    assert not spot["create"]
    spot = place(net, Networks(items=(net,)), links(("eth0", "198.51.100.1", 24)))
    assert spot is not None
    assert spot["create"]


def test_the_outside_avoids_what_the_host_has() -> None:
    """An address, a route and a name of the host each move it; where all are used there is none."""
    first = outside(links(("eth0", "10.0.0.1", 24)))
    assert first is not None
    assert (first.bridge, first.host, first.client) == ("doctor0", "192.0.2.1", "192.0.2.2")
    route = Route(destination="192.0.2.0/24", device="eth0", gateway="10.0.0.254")
    second = outside(links(("doctor0", "198.51.100.1", 24), routes=(route,)))
    assert second is not None
    assert (second.bridge, second.host) == ("doctor1", "203.0.113.1")
    default = Route(destination="default", device="eth0", gateway="10.0.0.254")
    assert outside(links(("eth0", "10.0.0.1", 24), routes=(default,))) == first
    every = tuple(
        Route(destination=text, device="eth0") for text in ("192.0.2.0/24", "203.0.113.0/24", "198.51.100.0/24")
    )
    assert outside(links(routes=every)) is None


def firewall(user: str) -> Firewall:
    return Firewall(backend="nft", v4=Saved.of(("iptables-save",), parse(SAVE.format(user=user))))


def test_a_rule_against_the_probe_is_told_from_one_against_clients() -> None:
    client = outside(links())
    assert client is not None
    way = packet_to("172.17.255.254", 80, "docker0", client)

    def cut(user: str, rule: Rule | None = ACCEPT) -> str:
        return cut_for_it_alone(firewall(user), way, "eth0", rule)

    assert cut("") == ""
    assert cut("", None) == "", "both are dropped by the policy: no rule of the engine accepts"
    assert cut("-A DOCKER-USER -i doctor+ -j DROP") == "-A DOCKER-USER -i doctor+ -j DROP"
    assert cut("-A DOCKER-USER -i eth0 -j ACCEPT\n-A DOCKER-USER -j DROP") == "-A DOCKER-USER -j DROP"
    assert cut("-A DOCKER-USER -j DROP") == "", "clients are cut off as well"
    assert cut("-A DOCKER-USER ! -i eth0 -o docker0 -j REJECT") == "-A DOCKER-USER ! -i eth0 -o docker0 -j REJECT"
