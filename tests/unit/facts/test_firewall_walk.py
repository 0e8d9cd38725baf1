"""Packets walked through rules: what surely ends them, and what is left open."""

import pytest

from doctor.facts.firewall.packet_filter import Saved
from doctor.facts.firewall.walk import NftWalker, Walker
from doctor.facts.path.rules.numbers import address_number
from doctor.facts.path.rules.packet import Packet
from doctor.formats.firewall import iptables_save
from doctor.formats.firewall.nft_json import NftChain, NftRule, NftRuleset

SOURCE = address_number("172.17.0.2")
OUT = Packet(inside="docker0", outside="eth0", source=SOURCE)
IN = Packet(inside="eth0", outside="docker0", destination=SOURCE, port=80, is_dnat=True)


def walker(*rules: str, policy: str = "ACCEPT", chains: tuple[str, ...] = ()) -> Walker:
    lines = ["*filter", f":FORWARD {policy} [0:0]", *(f":{chain} - [0:0]" for chain in chains), *rules, "COMMIT", ""]
    return Walker(Saved.of(("iptables-save",), iptables_save.parse("\n".join(lines))))


@pytest.mark.parametrize(
    ("rule", "cut"),
    [
        ("-A FORWARD -j DROP", True),
        ("-A FORWARD -i docker0 -j REJECT --reject-with icmp-port-unreachable", True),
        ("-A FORWARD -i docker+ -j DROP", True),
        ("-A FORWARD ! -i eth0 -j DROP", True),
        ("-A FORWARD -s 172.16.0.0/12 -j DROP", True),
        ("-A FORWARD ! -d 10.0.0.0/8 -j DROP", True),
        ("-A FORWARD -p tcp -j DROP", True),
        ("-A FORWARD -m conntrack --ctstate NEW -j DROP", True),
        ('-A FORWARD -m comment --comment "drop -j ACCEPT" -j DROP', True),
        ("-A FORWARD -i eth0 -j DROP", False),
        ("-A FORWARD -s 203.0.113.0/24 -j DROP", False),
        ("-A FORWARD -d 203.0.113.0/24 -j DROP", False),
        ("-A FORWARD -p udp -j DROP", False),
        ("-A FORWARD -p tcp -m tcp --dport 25 -j DROP", False),
        ("-A FORWARD -p tcp -m multiport --dports 25,465 -j DROP", False),
        ("-A FORWARD -m conntrack --ctstate INVALID -j DROP", False),
        ("-A FORWARD -m set --match-set banned src -j DROP", False),
        ("-A FORWARD -m limit --limit 5/sec -j DROP", False),
        ("-A FORWARD -m mark --mark 0x1 -j DROP", False),
        ('-A FORWARD -j LOG --log-prefix "-j DROP "', False),
    ],
)  # fmt: skip
def test_a_rule_counts_only_where_it_surely_ends_an_ordinary_packet(rule: str, cut: bool) -> None:
    assert walker(rule).verdict("filter", "FORWARD", OUT).is_cut is cut


def test_a_rule_that_may_accept_before_makes_a_drop_unsure() -> None:
    """A set may hold just these containers: no verdict rests on a guess; a set that may only drop changes nothing."""
    accepting = walker("-A FORWARD -m set --match-set trusted src -j ACCEPT", "-A FORWARD -j DROP")
    assert not accepting.verdict("filter", "FORWARD", OUT).is_cut
    dropping = walker("-A FORWARD -m set --match-set banned src -j DROP", "-A FORWARD -j DROP")
    assert dropping.verdict("filter", "FORWARD", OUT).is_cut


def test_chains_are_followed_and_returned_from() -> None:
    found = walker(
        "-A FORWARD -j one", "-A FORWARD -j DROP", "-A one -i docker0 -j two", "-A one -j ACCEPT", "-A two -j RETURN",
        chains=("one", "two"),
    )  # fmt: skip
    verdict = found.verdict("filter", "FORWARD", OUT)
    assert [rule.text for rule in verdict.path] == ["-A FORWARD -j one", "-A one -j ACCEPT"]
    gone = walker("-A FORWARD -g one", "-A FORWARD -j ACCEPT", policy="DROP", chains=("one",))
    verdict = gone.verdict("filter", "FORWARD", OUT)
    assert (verdict.target, verdict.path) == ("drop", ())


def test_chains_that_lead_to_each_other_end_somewhere() -> None:
    """The kernel refuses loops; a recorded file may hold one."""
    rules = ("-A FORWARD -j a", "-A a -j b", "-A b -j a")
    assert walker(*rules, chains=("a", "b")).verdict("filter", "FORWARD", OUT).target == "accept"


def _nft(*rules: list[dict[str, object]], policy: str = "drop", more: tuple[NftRule, ...] = ()) -> NftWalker:
    def chain(name: str, hook: str) -> NftChain:
        kind = "filter" if hook else ""
        return NftChain(
            family="inet", table="t", name=name, hook=hook, kind=kind, priority=0, policy=policy if hook else ""
        )

    made = tuple(_rule("forward", number, expressions) for number, expressions in enumerate(rules))
    chains = (chain("forward", "forward"), chain("other", ""))
    return NftWalker(NftRuleset(chains=chains, rules=(*made, *more)))


def _rule(chain: str, number: int, expressions: list[dict[str, object]]) -> NftRule:
    return NftRule(family="inet", table="t", chain=chain, handle=number, expressions=tuple(expressions), comment="")


def _match(left: dict[str, object], right: object, operator: str = "==") -> dict[str, object]:
    return {"match": {"op": operator, "left": left, "right": right}}


STATE = {"ct": {"key": "state"}}
INSIDE = {"meta": {"key": "iifname"}}
SADDR = {"payload": {"protocol": "ip", "field": "saddr"}}
ACCEPT: dict[str, object] = {"accept": None}


@pytest.mark.parametrize(
    ("expressions", "cut"),
    [
        ([_match(STATE, ["established", "related"], "in"), ACCEPT], True),
        ([{"vmap": {"key": STATE, "data": {"set": [["established", ACCEPT], ["invalid", {"drop": None}]]}}}], True),
        ([_match(INSIDE, "docker0"), {"counter": {"packets": 0}}, ACCEPT], False),
        ([_match(INSIDE, {"set": ["docker0", "br-1"]}), ACCEPT], False),
        ([_match(INSIDE, "br-*"), ACCEPT], True),
        ([_match(INSIDE, "eth0", "!="), ACCEPT], False),
        ([_match(SADDR, {"prefix": {"addr": "172.16.0.0", "len": 12}}), ACCEPT], False),
        ([_match(SADDR, {"range": ["172.17.0.0", "172.17.0.9"]}), ACCEPT], False),
        ([_match(SADDR, {"prefix": {"addr": "10.0.0.0", "len": 8}}), ACCEPT], True),
        ([_match({"payload": {"protocol": "ip6", "field": "saddr"}}, "::1"), ACCEPT], True),
        ([_match({"payload": {"protocol": "tcp", "field": "dport"}}, 443), ACCEPT], True),
        ([_match(SADDR, "@trusted"), ACCEPT], False),
        ([{"limit": {"rate": 5, "per": "second"}}, ACCEPT], False),
        ([{"xt": {"type": "match", "name": "u32"}}, ACCEPT], False),
        ([{"jump": {"target": "other"}}], True),
        ([{"log": None}], True),
    ],
)  # fmt: skip
def test_an_nft_chain_with_policy_drop_cuts_what_nothing_accepts(
    expressions: list[dict[str, object]], cut: bool
) -> None:
    """An accept that surely matches saves the packet; one that may match makes it uncertain, which is not a cut."""
    (verdict,) = _nft(expressions).forward(OUT)
    assert verdict.is_cut is cut


def test_a_jump_leads_to_the_accept() -> None:
    walk = _nft([{"jump": {"target": "other"}}], more=(_rule("other", 9, [_match(INSIDE, "docker0"), ACCEPT]),))
    assert [verdict.target for verdict in walk.forward(OUT)] == ["accept"]
    assert [verdict.target for verdict in walk.forward(IN)] == ["drop"]
