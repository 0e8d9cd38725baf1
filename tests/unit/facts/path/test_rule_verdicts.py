"""Verdicts of chains: a claim is certain, and a rule that can't be judged makes it uncertain only where it could change it."""

import time
from typing import Any

import pytest
from msgspec.structs import replace

from doctor.facts.path.rules import ipsets
from doctor.facts.path.rules.hooks import HookVerdict, evaluate
from doctor.facts.path.rules.numbers import address
from doctor.facts.path.rules.packet import Packet, Surroundings
from doctor.facts.path.rules.ruleset import PathRules
from doctor.facts.path.rules.tables import IptablesRules, spans_of
from doctor.formats.firewall import nft_json
from doctor.formats.firewall.nft_json import NftChain, NftRule, NftRuleset


def number(text: str) -> int:
    found = address(text)
    assert found is not None
    return found[1]


OUT = Packet(
    inside="docker0", outside="eth0", source=number("172.17.0.2"), destination=number("192.0.2.80"), sport=40000, port=443,
    mark=0, ct_mark=0, ttl=63, length=60, tcp_flags=2, destination_type="unicast", source_type="unicast", is_snat=False,
)  # fmt: skip
MAYBE = "-m statistic --mode random --probability 0.5"


def saved(*rules: str, table: str = "filter", command: str = "iptables-save") -> IptablesRules:
    chains = {words[1] for words in (rule.split() for rule in rules)} | {"FORWARD"}
    chains |= {rule.split()[-1] for rule in rules if rule.split()[-2] in {"-j", "-g"} and rule.split()[-1].islower()}
    base = {"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"}
    lines = [f":{chain} {'ACCEPT' if chain in base else '-'} [0:0]" for chain in sorted(chains)]
    return IptablesRules.parse(command, "\n".join([f"*{table}", *lines, *rules, "COMMIT", ""]))


@pytest.mark.parametrize(
    ("options", "listening", "kind"),
    [
        ("--queue-num 3", {0, 7}, "drop"),
        ("--queue-num 3", {3}, "unknown"),
        ("--queue-num 3", None, "unknown"),
        ("--queue-num 3 --queue-bypass", set(), "accept"),
        ("--queue-balance 0:3", {3}, "unknown"),
        ("--queue-balance 0:3", {4}, "drop"),
    ],
)
def test_packets_for_a_program_that_does_not_run_end_at_its_rule(
    options: str, listening: set[int] | None, kind: str
) -> None:
    queues = None if listening is None else frozenset(listening)
    rules = PathRules(saves=[saved(f"-A FORWARD -j NFQUEUE {options}")], queues=queues)
    assert evaluate(rules, "ip", "forward", OUT).kind == kind


def verdict(*rules: str, packet: Packet = OUT) -> HookVerdict:
    return evaluate(PathRules(saves=[saved(*rules)]), "ip", "forward", packet)


@pytest.mark.parametrize(
    ("rules", "kind"),
    [
        # A rule that may match changes nothing where the result is the same.
        ((f"-A FORWARD {MAYBE} -j DROP", "-A FORWARD -j DROP"), "drop"),
        ((f"-A FORWARD {MAYBE} -j ACCEPT",), "accept"),
        ((f"-A FORWARD {MAYBE} -j ACCEPT", "-A FORWARD -j DROP"), "unknown"),
        ((f"-A FORWARD {MAYBE} -j DROP", "-A FORWARD -j ACCEPT"), "unknown"),
        # A chain that may be left early.
        (("-A FORWARD -j a", f"-A a {MAYBE} -j RETURN", "-A a -j DROP"), "unknown"),
        (("-A FORWARD -j a", f"-A a {MAYBE} -j RETURN", "-A a -j DROP", "-A FORWARD -j DROP"), "drop"),
        # A chain that may be entered.
        ((f"-A FORWARD {MAYBE} -j a", "-A a -j DROP"), "unknown"),
        ((f"-A FORWARD {MAYBE} -g a", "-A FORWARD -j DROP", "-A a -j LOG"), "unknown"),
        ((f"-A FORWARD {MAYBE} -j a", "-A FORWARD -j DROP", "-A a -j LOG"), "drop"),
        # A goto that returns reaches the policy.
        (("-A FORWARD -g a", "-A FORWARD -j DROP", "-A a -s 1.1.1.1/32 -j DROP"), "accept"),
        # A mark that may be set.
        ((f"-A FORWARD {MAYBE} -j MARK --set-xmark 0x1/0xffffffff", "-A FORWARD -m mark --mark 0x1 -j DROP"), "unknown"),
        ((f"-A FORWARD {MAYBE} -j MARK --set-xmark 0x0/0xffffffff", "-A FORWARD -m mark --mark 0x1 -j DROP"), "accept"),
        (("-A FORWARD -j MARK --set-xmark 0x10/0x30", "-A FORWARD -m mark --mark 0x10/0x10 -j DROP"), "drop"),
        # A value beyond its mask, which no packet has.
        (("-A FORWARD -m mark --mark 0x4000/0xff -j DROP",), "accept"),
        (("-A FORWARD -m mark ! --mark 0x4000/0xff -j DROP",), "drop"),
        # A target that this model does not know, and a program.
        (("-A FORWARD -j XYZ",), "unknown"),
        (("-A FORWARD -j NFQUEUE --queue-num 0",), "unknown"),
        # Counts and chance that hold for each packet.
        (("-A FORWARD -m statistic --mode random --probability 1.00000000000 -j DROP",), "drop"),
        (("-A FORWARD -m statistic ! --mode random --probability 0.00000000000 -j DROP",), "unknown"),
        (("-A FORWARD -m connlimit --connlimit-above 0 --connlimit-mask 32 --connlimit-saddr -j DROP",), "drop"),
        (("-A FORWARD -m connlimit --connlimit-above 9 --connlimit-mask 32 --connlimit-saddr -j DROP",), "unknown"),
        (("-A FORWARD -p tcp -j TTL --ttl-set 1", "-A FORWARD -m ttl --ttl-eq 1 -j REJECT"), "reject"),
    ],
)  # fmt: skip
def test_all_that_is_possible_is_considered(rules: tuple[str, ...], kind: str) -> None:
    assert verdict(*rules).kind == kind


def test_the_rule_and_its_chain_are_named() -> None:
    found = verdict("-A FORWARD -j one", "-A one -d 192.0.2.0/24 -j DROP")
    assert found.text == '"-A one -d 192.0.2.0/24 -j DROP" in chain one of table filter (iptables)'
    unsure = verdict(f"-A FORWARD {MAYBE} -j DROP")
    assert unsure.text == f'"-A FORWARD {MAYBE} -j DROP" in chain FORWARD of table filter (iptables)'


def test_before_tracking_a_packet_has_no_state() -> None:
    """Raw comes before connection tracking; what it leaves out of tracking is translated by no rule."""
    raw = saved("-A PREROUTING -m conntrack --ctstate INVALID -j CT --notrack", table="raw")
    nat = saved("-A PREROUTING -p tcp -j DNAT --to-destination 10.0.0.9:80", table="nat")
    filtered = saved("-A PREROUTING -m conntrack --ctstate UNTRACKED -j DROP", table="mangle")
    packet = replace(OUT, outside="")
    assert evaluate(PathRules(saves=[raw, nat, filtered]), "ip", "prerouting", packet).kind == "drop"
    assert evaluate(PathRules(saves=[raw, nat]), "ip", "prerouting", packet).packet.destination == OUT.destination
    plain = saved("-A PREROUTING -m conntrack --ctstate UNTRACKED -j CT --notrack", table="raw")
    found = evaluate(PathRules(saves=[plain, nat]), "ip", "prerouting", packet).packet
    assert (found.destination, found.port, found.is_dnat) == (number("10.0.0.9"), 80, True)


def test_over_the_loopback_a_packet_keeps_its_connection() -> None:
    rules = PathRules(saves=[saved("-A PREROUTING -m conntrack --ctstate ESTABLISHED -j DROP", table="raw")])
    packet = replace(OUT, outside="", state="ESTABLISHED")
    assert evaluate(rules, "ip", "prerouting", replace(packet, inside="lo")).kind == "drop"
    assert evaluate(rules, "ip", "prerouting", packet).kind == "accept"


def test_only_the_first_packet_of_a_connection_is_translated() -> None:
    nat = saved("-A PREROUTING -j DNAT --to-destination 10.0.0.9", table="nat")
    answer = replace(OUT, state="ESTABLISHED", outside="")
    assert evaluate(PathRules(saves=[nat]), "ip", "prerouting", answer).packet == answer


def _redirect(priority: int, port: int) -> NftRuleset:
    chain = NftChain(family="ip", table="own", name="c", hook="output", kind="nat", priority=priority, policy="accept")
    rule = NftRule(
        family="ip", table="own", chain="c", handle=2, expressions=({"redirect": {"port": port}},), comment=""
    )
    return NftRuleset(chains=(chain,), rules=(rule,))


@pytest.mark.parametrize(("priority", "port"), [(-90, 1), (-110, 2)])
def test_translations_of_iptables_have_their_place_among_others(priority: int, port: int) -> None:
    saves = [saved("-A OUTPUT -p tcp -j REDIRECT --to-ports 1", table="nat")]
    rules = PathRules(saves=saves, nft=_redirect(priority, 2))
    assert evaluate(rules, "ip", "output", replace(OUT, inside="", is_local_out=True)).packet.port == port


def test_of_chains_with_one_priority_the_latest_is_called_first() -> None:
    def table(name: str, verdict: str) -> tuple[NftChain, NftRule]:
        chain = NftChain(family="ip", table=name, name="c", hook="forward", kind="filter", priority=0, policy="accept")
        return chain, NftRule(family="ip", table=name, chain="c", handle=2, expressions=({verdict: None},), comment="")

    old, new = table("old", "drop"), table("new", "drop")
    rules = PathRules(nft=NftRuleset(chains=(old[0], new[0]), rules=(old[1], new[1])))
    found = evaluate(rules, "ip", "forward", OUT)
    assert found.by is not None
    assert found.by.table == "new"


def test_masquerading_asks_for_the_address() -> None:
    class Uplink(Surroundings):
        def masquerade(self, packet: Packet) -> int | None:
            return number("192.0.2.5") if packet.outside == "eth0" else None

    nat = saved("-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE", table="nat")
    rules = PathRules(saves=[nat])
    assert evaluate(rules, "ip", "postrouting", replace(OUT, inside=""), Uplink()).packet.source == number("192.0.2.5")
    assert evaluate(rules, "ip", "postrouting", replace(OUT, inside="")).packet.source is None


def test_every_backend_has_a_say() -> None:
    """An accept ends one chain; each other base chain of the hook must let the packet pass as well."""
    modern = saved("-A FORWARD -j ACCEPT")
    legacy = saved("-A FORWARD -j DROP", command="iptables-legacy-save")
    found = evaluate(PathRules(saves=[modern, legacy]), "ip", "forward", OUT)
    assert (found.kind, found.text) == (
        "drop",
        '"-A FORWARD -j DROP" in chain FORWARD of table filter (iptables-legacy)',
    )
    six = saved("-A FORWARD -j DROP", command="ip6tables-save")
    assert evaluate(PathRules(saves=[modern, six]), "ip", "forward", OUT).kind == "accept"


def test_what_may_drop_first_and_surely_does_later_is_dropped() -> None:
    """Two chains of one hook: the first is uncertain, the second is not."""
    may = saved(f"-A FORWARD {MAYBE} -j DROP", table="mangle")
    sure = saved("-A FORWARD -j DROP")
    assert evaluate(PathRules(saves=[may, sure]), "ip", "forward", OUT).kind == "drop"


def test_ipsets_decide() -> None:
    text = (
        "create banned hash:net family inet\nadd banned 192.0.2.0/24\n"
        "create pairs hash:ip,port family inet\nadd pairs 192.0.2.80,tcp:443\n"
        "create cards hash:net,iface family inet\nadd cards 172.17.0.0/16,docker0\n"
        "create odd list:set\nadd odd banned\n"
    )
    for rule, kind in (
        ("-m set --match-set banned dst -j DROP", "drop"),
        ("-m set --match-set banned src -j DROP", "accept"),
        ("-m set ! --match-set banned src -j DROP", "drop"),
        ("-m set --match-set pairs dst,dst -j DROP", "drop"),
        ("-m set --match-set pairs src,dst -j DROP", "accept"),
        ("-m set --match-set cards src,src -j DROP", "drop"),
        ("-m set --match-set odd src -j DROP", "unknown"),
        ("-m set --match-set missing src -j DROP", "unknown"),
    ):
        rules = PathRules(saves=[saved(f"-A FORWARD {rule}")], sets=ipsets.parse(text))
        assert evaluate(rules, "ip", "forward", OUT).kind == kind, rule


def nft(
    *rules: list[dict[str, Any]], sets: dict[str, Any] | None = None, policy: str = "accept", **base: Any
) -> PathRules:
    place = {"family": "inet", "table": "t"}
    fields = {"hook": "forward", "kind": "filter", "priority": 0} | base
    chains = [NftChain(**place, name="fwd", policy=policy, **fields)]
    chains.append(NftChain(**place, name="other", hook="", kind="", priority=0, policy=""))
    listed = tuple(
        NftRule(**place, chain="fwd", handle=index, expressions=tuple(rule), comment="")
        for index, rule in enumerate(rules, 1)
    )
    inner = NftRule(**place, chain="other", handle=99, expressions=({"drop": None},), comment="")
    named = {("inet", "t", name): item for name, item in (sets or {}).items()}
    return PathRules(nft=NftRuleset(chains=tuple(chains), rules=(*listed, inner), sets=named))


DADDR, DPORT, OIF = (
    {"payload": {"protocol": "ip", "field": "daddr"}},
    {"payload": {"protocol": "tcp", "field": "dport"}},
    {"meta": {"key": "oifname"}},
)
DROP, JUMP = {"drop": None}, {"jump": {"target": "other"}}


@pytest.mark.parametrize(
    ("expressions", "kind"),
    [
        ([{"vmap": {"key": OIF, "data": "@ways"}}], "drop"),
        ([{"vmap": {"key": DPORT, "data": {"set": [[443, JUMP], [80, DROP]]}}}], "drop"),
        ([{"vmap": {"key": DPORT, "data": {"set": [[22, DROP]]}}}], "accept"),
        ([{"vmap": {"key": DPORT, "data": "@missing"}}], "accept"),
        ([{"vmap": {"key": {"numgen": {"mode": "inc", "mod": 2}}, "data": {"set": [[0, DROP], [1, JUMP]]}}}], "unknown"),
        ([{"match": {"op": "==", "left": DADDR, "right": "@nets"}}, DROP], "drop"),
        ([{"match": {"op": "!=", "left": DADDR, "right": "@nets"}}, DROP], "accept"),
        ([{"match": {"op": "==", "left": DADDR, "right": "@missing"}}, DROP], "unknown"),
        ([{"match": {"op": "==", "left": {"concat": [DADDR, DPORT]}, "right": "@pairs"}}, DROP], "drop"),
        ([{"mangle": {"key": {"meta": {"key": "mark"}}, "value": 7}},
          {"match": {"op": "==", "left": {"meta": {"key": "mark"}}, "right": 7}}, DROP], "drop"),
        # The mark is set although the rule does not match.
        ([{"mangle": {"key": {"meta": {"key": "mark"}}, "value": {"|": [{"meta": {"key": "mark"}}, 8]}}},
          {"match": {"op": "==", "left": {"meta": {"key": "mark"}}, "right": 9}}, DROP], "accept"),
        ([{"match": {"op": "==", "left": {"payload": {"protocol": "udp", "field": "dport"}}, "right": 443}}, DROP], "accept"),
        ([{"match": {"op": "!=", "left": {"payload": {"protocol": "udp", "field": "dport"}}, "right": 1}}, DROP], "accept"),
        ([{"match": {"op": "!=", "left": {"payload": {"protocol": "ip6", "field": "saddr"}}, "right": "::1"}}, DROP], "accept"),
        ([{"queue": None}], "unknown"),
        ([{"reject": {"type": "tcp reset"}}], "reject"),
        ([{"fwd": {"dev": "eth1"}}], "stolen"),
        ([{"limit": {"rate": 1, "per": "second"}}, DROP], "unknown"),
    ],
)  # fmt: skip
def test_maps_sets_and_statements_of_nft(expressions: list[dict[str, Any]], kind: str) -> None:
    sets = {
        "ways": {"type": "ifname", "map": "verdict", "elem": [["eth0", JUMP], ["eth1", {"accept": None}]]},
        "nets": {
            "type": "ipv4_addr",
            "elem": [{"prefix": {"addr": "192.0.2.0", "len": 24}}, {"range": ["10.0.0.1", "10.0.0.9"]}],
        },
        "pairs": {"type": ["ipv4_addr", "inet_service"], "elem": [{"concat": ["192.0.2.80", {"range": [400, 500]}]}]},
    }
    found = evaluate(nft(expressions, sets=sets), "ip", "forward", OUT).kind
    assert (
        found == kind
        if "@missing" not in str(expressions) or "vmap" not in str(expressions)
        else found in {"unknown", "accept"}
    )


def test_a_table_that_iptables_saved_is_not_taken_twice() -> None:
    listed = nft_json.parse(
        b'{"nftables": [{"chain": {"family": "ip", "table": "filter", "name": "FORWARD", "type": "filter", "hook": "forward",'
        b' "prio": 0, "policy": "drop"}}]}'
    )
    assert evaluate(PathRules(saves=[saved("-A FORWARD -j ACCEPT")], nft=listed), "ip", "forward", OUT).kind == "accept"
    assert evaluate(PathRules(nft=listed), "ip", "forward", OUT).kind == "drop"


@pytest.mark.parametrize(("family", "hook", "kind"), [("bridge", "output", "drop"), ("netdev", "egress", "drop")])
def test_a_packet_of_the_host_has_a_frame_when_it_leaves(family: str, hook: str, kind: str) -> None:
    ether = {"match": {"op": "==", "left": {"payload": {"protocol": "ether", "field": "type"}}, "right": "ip"}}
    chain = NftChain(family=family, table="t", name="c", hook=hook, kind="filter", priority=0, policy="accept")
    drop = NftRule(family=family, table="t", chain="c", handle=2, expressions=(ether, {"drop": None}), comment="")
    rules = PathRules(nft=NftRuleset(chains=(chain,), rules=(drop,)))
    sent = replace(OUT, inside="")
    assert evaluate(rules, family, hook, sent, device="eth0").kind == kind
    assert evaluate(rules, family, hook, OUT, device="eth0").kind == kind


def test_chains_of_a_device_apply_to_it_alone() -> None:
    rules = nft([DROP], hook="egress", devices=("eth0",))
    assert evaluate(rules, "netdev", "egress", OUT, device="eth0").kind == "drop"
    assert evaluate(rules, "netdev", "egress", OUT, device="eth1").kind == "accept"


def test_ten_thousand_bans_and_a_large_set_cost_little() -> None:
    """Rules about other addresses are skipped; a set is looked up, not searched."""
    bans = [f"-A FORWARD -s 10.{index >> 8}.{index & 255}.1/32 -j DROP" for index in range(10_000)]
    elements = [f"10.{index >> 16}.{index >> 8 & 255}.{index & 255}" for index in range(100_000)]
    rules = PathRules(saves=[saved(*bans)], spans=spans_of(["172.17.0.0/16", "192.0.2.80"]))
    large = nft([{"match": {"op": "==", "left": DADDR, "right": "@large"}}, DROP], sets={"large": {"elem": elements}})
    evaluate(rules, "ip", "forward", OUT), evaluate(large, "ip", "forward", OUT)
    begin = time.process_time()
    for _ in range(200):
        assert evaluate(rules, "ip", "forward", OUT).kind == "accept"
        assert evaluate(large, "ip", "forward", OUT).kind == "accept"
    assert time.process_time() - begin < 0.5


@pytest.mark.parametrize(
    "text", ["-A FORWARD -s", "-A FORWARD -p", "-A FORWARD -j", "-A FORWARD -m set --match-set", "-A FORWARD ! !"]
)
def test_hostile_rules_are_no_crash(text: str) -> None:
    assert evaluate(PathRules(saves=[saved(text + " -j DROP")]), "ip", "forward", OUT).kind in {
        "unknown",
        "accept",
        "drop",
    }


@pytest.mark.parametrize(
    "value", [None, [], {}, "@", 1.5, {"set": [None, [1]]}, {"range": [1]}, {"prefix": {}}, {"concat": 1}, "\0"]
)
def test_hostile_json_is_no_crash(value: Any) -> None:
    for rule in ([{"match": value}], [{"match": {"op": "==", "left": DADDR, "right": value}}], [{"vmap": value}],
                 [{"vmap": {"key": value, "data": value}}], [{"mangle": value}], [{"dnat": {"addr": value}}],
                 [{"dnat": {"addr": {"map": {"key": DADDR, "data": value}}}}], [{"xt": value}], [{"jump": value}]):  # fmt: skip
        evaluate(nft([*rule, DROP], sets={"": {"elem": value}}), "ip", "forward", OUT)
