"""Firewall rules are read as saved, and two spellings of one rule are equal."""

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctor.formats.firewall import iptables_rule, iptables_save, nft_json
from doctor.formats.firewall.iptables_rule import canonical, normal_address, split_words
from doctor.model.errors import FormatError

SAMPLES = Path(__file__).parent / "samples"
SAVED = (SAMPLES / "iptables-save.txt").read_text()
"""Printed by iptables-save 1.8.11 (nf_tables) for rules typed as in SAME."""


def rule(text: str) -> iptables_rule.CanonicalRule:
    return canonical(split_words(text))


SAME = [
    (
        "! --dst 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER",
        "! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER",
    ),
    ("-s 172.17.0.5/16 ! -o docker0 -j MASQUERADE", "-s 172.17.0.0/16 ! -o docker0 -j MASQUERADE"),
    (
        "-p tcp -d 0/0 --dport 9000 -j DNAT --to-destination 172.17.0.5:80 ! -i docker0",
        "! -i docker0 -p tcp -m tcp --dport 9000 -j DNAT --to-destination 172.17.0.5:80",
    ),
    ("-m state --state ESTABLISHED,RELATED -j ACCEPT", "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"),
    ('-p icmp --icmp-type 8 -m comment --comment "x" -j ACCEPT', "-p 1 -m icmp --icmp-type echo-request -j ACCEPT"),
    (
        "-p tcp --syn -j REJECT",
        "-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j REJECT --reject-with icmp-port-unreachable",
    ),
    ("-m mark --mark 1 -j DROP", "-m mark --mark 0x1/0xffffffff -j DROP"),
    ("-p tcp -m tcp --dport 80:80 -j ACCEPT", "-p tcp --destination-port 80 --jump ACCEPT"),
    ("-s 10.0.0.1/255.255.255.0 -p all -j ACCEPT", "--source 10.0.0.0/24 -j ACCEPT"),
    ("-i ! docker0 -j DROP", "! -i docker0 -j DROP"),
    (
        "-m tcp -p tcp -m conntrack --ctstate NEW --dport 22 -j ACCEPT",
        "-p tcp --dport 22 -m conntrack --ctstate NEW -j ACCEPT",
    ),
    ("-c 5 300 -j ACCEPT", "-j ACCEPT"),
    ("-p udp -m multiport --dports 67,53 -j ACCEPT", "-p udp -m multiport --dports 53,67 -j ACCEPT"),
    ("-m addrtype --dst-type LOCAL -m mark --mark 2 -j A", "-m mark --mark 2 -m addrtype --dst-type LOCAL -j A"),
]
OTHER = [
    ("-i docker0 -j DROP", "! -i docker0 -j DROP"),
    ("-d 10.0.0.1/32 -j A", "-d 10.0.0.1/24 -j A"),
    ("-p tcp --dport 80 -j A", "-p udp --dport 80 -j A"),
    ("-p tcp --dport 80 -j A", "-p tcp --sport 80 -j A"),
    ("-p tcp --dport 80 -j A", "-p tcp -m multiport --dports 80 -j A"),
    ("-j A", "-g A"),
    ("-m mark --mark 1", "-m mark --mark 1/0xff"),
    ("-m mark --mark 1", "-m connmark --mark 1"),
    ("-p tcp -j REJECT", "-p tcp -j REJECT --reject-with tcp-reset"),
    ("-j DNAT --to-destination 10.0.0.1:80", "-j DNAT --to-destination 10.0.0.1:81"),
    ("-s 10.0.0.0/8", "-d 10.0.0.0/8"),
    ("-s 0.0.0.0/0 -j A", "! -s 0.0.0.0/0 -j A"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_two_spellings_of_a_rule_are_equal(one: str, other: str) -> None:
    assert rule(one) == rule(other)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_different_rules_are_not_equal(one: str, other: str) -> None:
    assert rule(one) != rule(other)


def test_what_iptables_saved_equals_what_was_typed() -> None:
    saved = iptables_save.parse(SAVED)
    known = {found.canonical for found in saved.rules}
    typed = [one for one, _ in SAME[:9] if "multiport" not in one]
    for text in typed:
        assert rule(text) in known, text


def test_chains_policies_and_order_are_read() -> None:
    saved = iptables_save.parse(SAVED)
    forward = saved.chain("filter", "FORWARD")
    assert forward is not None
    assert forward.policy == "DROP"
    user = saved.chain("filter", "DOCKER-USER")
    assert user is not None
    assert user.policy is None
    assert saved.chain("nat", "NONE") is None
    assert saved.of("filter", "FORWARD")[0].text == "-A FORWARD -j DOCKER-USER"
    assert not saved.is_empty
    assert saved.rules[0].canonical.target == "ACCEPT"
    assert iptables_save.parse("*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n").is_empty
    assert not iptables_save.parse("*filter\n:FORWARD DROP [0:0]\nCOMMIT\n").is_empty


def test_options_and_basics_can_be_asked_for() -> None:
    found = rule("! -i docker0 -p tcp -m tcp --dport 9000 -j DNAT --to-destination 172.17.0.5:80")
    assert (True, "-i", ("docker0",)) in found.basics
    assert (found.option("--dport"), found.option("--to-destination")) == ("9000", "172.17.0.5:80")


def test_saved_with_counters() -> None:
    found = iptables_save.parse("*nat\n:DOCKER - [3:180]\n[7:420] -A DOCKER -i docker0 -j RETURN\nCOMMIT\n")
    assert (found.rules[0].packets, found.rules[0].text) == (7, "-A DOCKER -i docker0 -j RETURN")
    assert found.chains[0].bytes == 180


def test_the_text_is_rendered_byte_for_byte() -> None:
    for text in (SAVED, SAVED.replace("\n", "\r\n"), ""):
        assert iptables_save.render(iptables_save.parse(text)) == text


@pytest.mark.parametrize(
    "text", ["*filter\n:INPUT ACCEPT [0:0]\n", "-A INPUT -j ACCEPT\n", "Error: x\n", "*f\n-A\nCOMMIT\n"]
)
def test_truncated_output_is_refused(text: str) -> None:
    with pytest.raises(FormatError):
        iptables_save.parse(text)


@given(st.integers(0, 2**32))
def test_the_order_of_options_does_not_matter(seed: int) -> None:
    chance = random.Random(seed)
    basics = ["-s 10.0.0.0/8", "! -d 10.1.0.0/16", "-i eth0", "-o br0"]
    matches = ["-m conntrack --ctstate NEW,ESTABLISHED", "-m mark --mark 0x5", "-m addrtype --dst-type LOCAL"]
    parts = [*basics, *matches]
    shuffled = parts[:]
    chance.shuffle(shuffled)
    assert rule(" ".join([*parts, "-j X"])) == rule(" ".join([*shuffled, "-j X"]))


@given(st.text(alphabet='-!asdipjm tcp01:./,"\\ \n[]*:', max_size=80))
def test_rules_never_raise(text: str) -> None:
    canonical(split_words(text))
    normal_address(text)


@given(st.integers(0, 2**32 - 1), st.integers(0, 32))
def test_addresses_are_normal_once(number: int, length: int) -> None:
    text = ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0)) + f"/{length}"
    assert normal_address(normal_address(text)) == normal_address(text)


def test_foreign_base_chains_that_drop_are_found_in_nft() -> None:
    ruleset = nft_json.parse((SAMPLES / "nft.json").read_bytes())
    chains = ruleset.base_chains("forward")
    assert [(chain.family, chain.table, chain.policy) for chain in chains] == [
        ("inet", "fw", "drop"),
        ("ip", "filter", "accept"),
    ]
    assert [found.verdict for found in ruleset.of(chains[0])] == ["accept", "reject", "drop"]
    assert [found.is_unconditional for found in ruleset.of(chains[0])] == [False, False, True]
    assert [found.verdict for found in ruleset.terminal(chains[1])] == ["reject", "drop"]
    assert [found.is_unconditional for found in ruleset.terminal(chains[1])] == [False, True]
    assert ruleset.of(chains[0])[0].comment == "x"
    assert ruleset.base_chains("forward", ip_version=6) == chains[:1]
