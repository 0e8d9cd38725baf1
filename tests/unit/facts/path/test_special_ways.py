"""Ways that only some rules end: to port 80 and to the host's router, and packets that a rule leads to nobody."""

import pytest

from doctor.facts.path.namespaces import NetNamespaces
from doctor.facts.path.rule_lists import PathFirewalls, RuleLists
from doctor.facts.path.rules.hooks import evaluate
from doctor.facts.path.rules.packet import Packet
from doctor.facts.path.rules.ruleset import PathRules
from doctor.facts.path.rules.tables import IptablesRules
from doctor.facts.path.scene.suspects import Suspects
from doctor.facts.path.world import PathSocket
from doctor.formats.firewall.nft_json import NftChain, NftRule, NftRuleset
from tests.unit.facts.path.small_world import ENGINE, WAYS, container, host, walked, world

INSIDE = "*nat\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -p tcp -m tcp --dport 443 -j REDIRECT --to-ports 9\nCOMMIT\n"


@pytest.mark.parametrize(
    ("line", "has"),
    [
        ("", False),
        ("-A FORWARD -p tcp -m tcp --dport 80 -j DROP", True),
        ("-A DOCKER-USER -d 192.168.0.0/16 -j DROP", True),
        ("-A FORWARD -i tun7 -j DROP", False),
        ("-A DOCKER -d 172.17.0.9/32 -p tcp -m tcp --dport 99 -j ACCEPT", False),
    ],
)
def test_they_are_walked_only_where_a_rule_distinguishes_packets(line: str, has: bool) -> None:
    saved = ENGINE.replace("-A FORWARD -j DOCKER-USER", f"{line}\n-A FORWARD -j DOCKER-USER")
    lists = RuleLists(saves=(IptablesRules.parse("iptables-save", saved),))
    namespaces = NetNamespaces(host=host(), containers={"x": container(1, "172.17.0.2")})
    assert Suspects(PathFirewalls(host=lists), namespaces).has("x") is has


def _inside(*ports: int) -> tuple[str, str, str]:
    small = world(inside=PathRules(saves=[IptablesRules.parse("iptables-save", INSIDE)]))
    small.places["aa"].inner = tuple(PathSocket(protocol="tcp", port=port) for port in ports)
    found = walked(small, WAYS["egress"])
    return found.end, found.cause, found.rule


def test_a_redirect_inside_to_a_port_without_a_program_is_named() -> None:
    rule = "-A OUTPUT -p tcp -m tcp --dport 443 -j REDIRECT --to-ports 9"
    assert _inside(80) == ("rejected", "no-listener", rule)
    # Nobody knows what a proxy makes of them.
    assert _inside(9)[0] == "unknown"


@pytest.mark.parametrize(("device", "kind"), [("lo", "drop"), ("eth7", "stolen")])
def test_frames_for_this_host_end_on_the_loopback_interface(device: str, kind: str) -> None:
    chain = NftChain(
        family="netdev", table="t", name="c", hook="ingress", kind="filter", priority=0, policy="accept", devices=("d",)
    )
    rule = NftRule(family="netdev", table="t", chain="c", handle=2, comment="", expressions=({"fwd": {"dev": device}},))
    rules = PathRules(nft=NftRuleset(chains=(chain,), rules=(rule,)))
    assert evaluate(rules, "netdev", "ingress", Packet(inside="d"), device="d").kind == kind
