"""Addresses that nobody is asked for, and rules that drop the questions for addresses."""

import pytest
from msgspec.structs import replace

from doctor.facts.firewall.ends.arp_cuts import arp_cuts
from doctor.facts.network.networks import Endpoint, Network, Networks
from doctor.facts.path.namespace import Neighbour, NetLink
from doctor.facts.path.rule_lists import RuleLists
from doctor.facts.path.rules.tables import IptablesRules
from doctor.facts.path.way import DELIVERED, DROPPED, UNKNOWN
from tests.unit.facts.path.small_world import WAYS, address, container, host, route, walked, world

_MUTE = {"net.ipv4.ip_forward": "1", "net.ipv4.neigh.docker0.mcast_solicit": "0"}
_KNOWN = Neighbour(link=21, version=4, address="172.17.0.1", mac="02:00:00:00:00:03", state=4)
_ENTRY = Neighbour(link=2, version=4, address="192.0.2.1", mac="02:00:00:00:09:01", state=4)


@pytest.mark.parametrize(
    ("way", "by_program", "end"),
    [
        # The host itself has to ask for the container.
        ("host-to-container", "0", DROPPED),
        ("published", "0", DROPPED),
        # A program asks in its stead.
        ("host-to-container", "1", UNKNOWN),
        # The container asked for its gateway, so the host knows it.
        ("gateway", "0", DELIVERED),
        ("egress", "0", DELIVERED),
        ("peer", "0", DELIVERED),
    ],
)
def test_a_host_that_asks_nobody_knows_only_those_who_asked(way: str, by_program: str, end: str) -> None:
    """The host's own packets to a container end, answers to a container arrive."""
    mute = host(sysctls={**_MUTE, "net.ipv4.neigh.docker0.app_solicit": by_program})
    found = walked(world(of_host=mute), WAYS[way])
    assert found.end == end
    if end == DROPPED:
        assert "net.ipv4.neigh.docker0.mcast_solicit is 0, so nobody is asked for 172.17.0." in found.says


def test_a_container_that_need_not_ask_is_not_known() -> None:
    """It may have asked before: whether the host has forgotten it since is not known."""
    mute = host(sysctls={**_MUTE, "net.ipv4.neigh.docker0.app_solicit": "0"})
    inside = container(1, "172.17.0.2", neighbours=(_KNOWN,))
    assert walked(world(of_host=mute, of_aa=inside), WAYS["egress"]).end == UNKNOWN


def test_whoever_sends_from_outside_has_asked_for_the_host() -> None:
    """Neither a failed entry nor silence of the host's own ends the answers."""
    mute = host(
        sysctls={
            "net.ipv4.ip_forward": "1",
            "net.ipv4.neigh.eth0.mcast_solicit": "0",
            "net.ipv4.neigh.eth0.app_solicit": "0",
        },
        neighbours=(Neighbour(link=2, version=4, address="192.0.2.1", mac="", state=0x20),),
    )
    assert walked(world(of_host=mute), WAYS["egress"]).end == DROPPED
    assert walked(world(of_host=mute), WAYS["published"]).end == UNKNOWN
    assert walked(world(of_host=host(neighbours=(_ENTRY,), sysctls=mute.sysctls)), WAYS["egress"]).end == DELIVERED


@pytest.mark.parametrize(
    ("state", "end"), [(0x20, DROPPED), (0x01, UNKNOWN), (None, UNKNOWN), (0x02, DELIVERED), (0x04, DELIVERED)]
)
@pytest.mark.parametrize("kind", ["macvlan", "ipvlan"])
def test_the_gateway_of_a_macvlan_network_may_be_silent(kind: str, state: int | None, end: str) -> None:
    """The engine takes any address for the gateway of such a network, and its default route goes there."""
    shared = NetLink(index=31, name="eth1", kind=kind, lower=2, peer_namespace=0, flags=0x1043)
    inside = container(1, "172.17.0.2")
    entry = Neighbour(link=31, version=4, address="192.168.77.1", mac="02:00:00:00:09:77", state=state or 0)
    inside = replace(
        inside,
        links=(*inside.links, shared),
        addresses=(*inside.addresses, address(31, "192.168.77.2/24")),
        routes=(
            route("0.0.0.0/0", 31, gateway="192.168.77.1"),
            route("192.168.77.0/24", 31, source="192.168.77.2"),
            *inside.routes[1:],
        ),
        neighbours=() if state is None else (entry,),
    )
    found = walked(world(of_aa=inside), WAYS["egress"])
    assert found.end == end
    if end == DROPPED:
        assert found.says.endswith("eth1 in aa: nobody answers for 192.168.77.1")


_TEXT = """*filter
:INPUT {policy} [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
{rules}COMMIT
"""


@pytest.mark.parametrize(
    ("policy", "text", "says"),
    [
        ("ACCEPT", "-A INPUT -p ipv6-icmp -j DROP\n", "questions of containers for the address of their gateway (IPv6)"),
        ("DROP", "-A INPUT -p tcp -j ACCEPT\n", "the policy of chain INPUT of table filter"),
        ("ACCEPT", "-A OUTPUT -p ipv6-icmp -m icmp6 --icmpv6-type 136 -j DROP\n", "answers to containers that ask"),
        ("ACCEPT", "-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 128 -j DROP\n", ""),
        ("DROP", ("-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 135 -m hl --hl-eq 255 -j ACCEPT\n"
         "-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 136 -m hl --hl-eq 255 -j ACCEPT\n"), ""),
        ("ACCEPT", "-A INPUT -i eth0 -p ipv6-icmp -j DROP\n", ""),
    ],
)  # fmt: skip
def test_rules_that_drop_questions_for_ipv6_addresses_are_found(policy: str, text: str, says: str) -> None:
    """Each container asks for its gateway again and again; a rule about pings, or about the uplink, does no harm."""
    networks = Networks(
        items=(Network(id="n", name="app", driver="bridge", bridge="br-app", subnets=("10.1.0.0/24",), subnets6=("fd00::/64",),
                       gateway="10.1.0.1/24", gateway6="fd00::1/64", ipv6=True),),
        endpoints=(Endpoint(id="e", network_id="n", container="app1", ip6="fd00::2", is_running=True),),
    )  # fmt: skip
    save = IptablesRules.parse("ip6tables-save", _TEXT.format(policy=policy, rules=text))
    found = [cut.says for cut in arp_cuts(RuleLists(saves=(save,)), networks)]
    assert bool(found) == bool(says)
    assert not says or any(says in one for one in found)
