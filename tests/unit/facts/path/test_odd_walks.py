"""Claims about healthy hosts that were wrong once: the odd hosts (`python -m tests.hosts.odd`) showed them."""

from typing import Any

import pytest
from msgspec.structs import replace

from doctor.facts.path.namespace import Neighbour, NetLink
from doctor.facts.path.rules.ruleset import PathRules
from doctor.facts.path.rules.tables import spans_of
from doctor.formats.firewall.nft_json import NftChain, NftRule, NftRuleset
from tests.unit.facts.path.small_world import ENGINE, WAYS, address, container, host, route, walked, with_link, world


@pytest.mark.parametrize(
    ("match", "end"), [("-m socket", "unknown"), ("-s 203.0.113.0/24", "delivered"), ("-s 198.51.100.7/32", "dropped")]
)
def test_an_answer_that_may_be_untracked_is_doubt(match: str, end: str) -> None:
    """It keeps the address that it came to, unless its connection is known: nobody can say which."""
    rule = f"-A PREROUTING -i eth0 -p udp -m udp --sport 53 {match} -j CT --notrack"
    saved = f"*raw\n:PREROUTING ACCEPT [0:0]\n{rule}\nCOMMIT\n{ENGINE}"
    found = walked(world(saved=saved), replace(WAYS["egress"], protocol="udp", port=53))
    assert found.end == end, found.says


def test_a_container_with_a_tunnel_of_its_own_may_not_reach_its_own_port() -> None:
    """A VPN in a container: its packets to the host's address leave by the tunnel, and that is its own will."""
    own = container(1, "172.17.0.2")
    tun = NetLink(index=30, name="tun0", kind="tun", flags=0x110D1, mtu=1320)
    routes = (route("0.0.0.0/0", 30), *(one for one in own.routes if one.destination != "0.0.0.0/0"))
    inside = replace(
        own, links=(*own.links, tun), addresses=(*own.addresses, address(30, "10.8.0.2/24")), routes=routes
    )
    found = walked(world(of_aa=inside), WAYS["hairpin"])
    assert (found.end, found.cause) == ("unknown", "unknown"), found.says
    assert "tun0 in aa: a tunnel of its own takes them" in found.says


@pytest.mark.parametrize(("state", "end"), [(0x80, "delivered"), (0x40, "dropped")])
def test_an_interface_without_arp_uses_an_entry_by_hand(state: int, end: str) -> None:
    """All neighbours may be written by hand; those that the kernel makes there have the interface's own address."""
    own = with_link(container(1, "172.17.0.2"), "eth0", flags=0x11043 | 0x80)
    mac = host().links[2].mac if state == 0x80 else own.links[1].mac
    gateway = Neighbour(link=21, version=4, address="172.17.0.1", mac=mac, state=state)
    back = Neighbour(link=3, version=4, address="172.17.0.2", mac=own.links[1].mac, state=0x80)
    kept = replace(host(), neighbours=(*host().neighbours, back))
    found = walked(world(of_host=kept, of_aa=replace(own, neighbours=(gateway,))), WAYS["egress"])
    assert found.end == end, found.says


@pytest.mark.parametrize("family", ["ip", "inet"])
def test_bans_of_nft_that_no_packet_can_meet_are_left_out(family: str) -> None:
    """Ten thousand of them cost no second; a rule about an address of a walk stays, and so does one that sets a mark first."""
    chain = NftChain(family=family, table="t", name="c", hook="forward", kind="filter", priority=0, policy="accept")
    targets: list[Any] = [f"203.0.{number // 250}.{number % 250}" for number in range(500)]
    targets += [{"prefix": {"addr": "172.17.0.0", "len": 16}}, {"set": ["203.0.0.1", "172.17.0.2"]}]
    source = {"payload": {"protocol": "ip", "field": "saddr"}}
    rules = [
        NftRule(
            family=family, table="t", chain="c", handle=number, comment="",
            expressions=({"match": {"op": "==", "left": source, "right": target}}, {"drop": None}),
        )
        for number, target in enumerate(targets, start=2)
    ]  # fmt: skip
    ruleset = NftRuleset(chains=(chain,), rules=tuple(rules))
    (base,) = PathRules(nft=ruleset, spans=spans_of(["172.17.0.0/16", "198.51.100.7"])).bases
    assert [rule.handle for rule in base.chain.rules] == [502, 503]
    (base,) = PathRules(nft=ruleset).bases
    assert len(base.chain.rules) == len(rules)
