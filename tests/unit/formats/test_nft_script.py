"""Files for nft: which rules they load into a chain, and what those are in iptables' words."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctor.formats.firewall.iptables_rule import canonical, split_words
from doctor.formats.firewall.nft_script import rules_of
from doctor.formats.firewall.nft_words import as_iptables
from doctor.model.errors import FormatError

CHAIN = "DOCKER-USER"
KEY = ("ip", "filter", CHAIN)


def nothing(_pattern: str) -> Iterator[tuple[str, str]]:
    """No include names anything."""
    yield from ()


def texts(script: str) -> list[str]:
    """The rules of the chain in nft's words."""
    return [" ".join(rule.words) for rule in rules_of("/f", script, nothing).get(KEY, [])]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("table ip filter {\n chain DOCKER-USER {\n  drop\n  accept # x\n }\n}\n", ["drop", "accept"]),
        ("table filter { chain DOCKER-USER { drop; accept; }; }", ["drop", "accept"]),
        ("add rule ip filter DOCKER-USER drop\ninsert rule filter DOCKER-USER accept", ["accept", "drop"]),
        ("define A = { 1.2.3.4,\n 5.6.7.8 }\nadd rule filter DOCKER-USER ip saddr $A drop", ["ip saddr { 1.2.3.4 , 5.6.7.8 } drop"]),
        ("chain ip filter DOCKER-USER {\n drop\n}", ["drop"]),
        ("add rule filter DOCKER-USER drop\nflush ruleset\n", []),
        ("add rule filter DOCKER-USER drop\nflush chain ip filter DOCKER-USER\nadd rule filter DOCKER-USER accept", ["accept"]),
        ("add rule filter DOCKER-USER drop\nflush chain ip filter DOCKER\ndelete rule filter DOCKER-USER handle 4", ["drop"]),
        ("add rule filter DOCKER-USER drop\ndelete table ip filter", []),
        ("table inet filter { chain DOCKER-USER { drop; }; }", []),
        ("add rule filter DOCKER-USER \\\n drop", ["drop"]),
        ('table ip filter { set s { type ipv4_addr; elements = { 1.1.1.1 }; }\n chain X { drop; }\n chain DOCKER-USER { comment "mine"; jump X; }; }', ["jump X"]),
    ],
)  # fmt: skip
def test_what_is_in_the_chain(script: str, expected: list[str]) -> None:
    """Tables as `nft list ruleset` writes them, and commands."""
    assert texts(script) == expected


@pytest.mark.parametrize(
    "script", ["table ip filter { chain DOCKER-USER { drop", "table ip filter {", "}", "add rule {"]
)
def test_a_truncated_file_loads_nothing(script: str) -> None:
    """As for nft itself."""
    with pytest.raises(FormatError):
        texts(script)


def test_endless_definitions_and_includes() -> None:
    """Each doubles what is put in; a file includes itself twice."""
    lines = ["define a0 = { 1, 2 }", *(f"define a{n} = $a{n - 1} $a{n - 1}" for n in range(1, 40))]
    with pytest.raises(FormatError):
        texts("\n".join(lines))
    with pytest.raises(FormatError):
        rules_of("/f", 'include "/f"\n', lambda _: iter([("/f", 'include "/f"\n')]))


@given(st.text(alphabet='{}";,=\\\n #$abdefinetblruchinDOCKER-USER0', max_size=200))
def test_no_text_is_more_than_a_format_error(text: str) -> None:
    """Whatever stands there."""
    try:
        for rule in rules_of("/f", f"table ip filter {{ chain DOCKER-USER {{ {text} }} }}", nothing).get(KEY, []):
            as_iptables(CHAIN, rule.words, 4)
    except FormatError:
        pass


SAME = [
    ('iifname "eth0" ip saddr 203.0.113.0/24 counter packets 3 bytes 9 drop', "-s 203.0.113.0/24 -i eth0 -j DROP"),
    ("ip saddr != 10.0.0.0/8 tcp dport 8080-8090 reject", "! -s 10.0.0.0/8 -p tcp --dport 8080:8090 -j REJECT --reject-with icmp-port-unreachable"),
    ("ct state established,related counter accept", "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"),
    ("ct state { new, invalid } drop", "-m conntrack --ctstate NEW,INVALID -j DROP"),
    ("meta l4proto udp th dport 53 return", "-p udp --dport 53 -j RETURN"),
    ("tcp dport { 80, 443 } ct original proto-dst 8443 drop", "-p tcp -m multiport --dports 80,443 -m conntrack --ctorigdstport 8443 -j DROP"),
    ('oifname != "br-*" meta mark 0x2a goto office comment "a b"', '! -o br-+ -m mark --mark 0x2a -m comment --comment "a b" -g office'),
    ("ip protocol icmp drop", "-p icmp -j DROP"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "expected"), SAME)
def test_the_same_in_the_words_of_iptables(words: str, expected: str) -> None:
    """Compared in the form in which two spellings are equal."""
    rule = rules_of("/f", f"add rule ip filter {CHAIN} {words}", nothing)[KEY][0]
    found = as_iptables(CHAIN, rule.words, 4)
    assert found is not None
    assert [canonical(split_words(text)[2:]) for text in found] == [canonical(split_words(expected))]


def test_a_set_of_sources_is_a_rule_each() -> None:
    """Only where it is not negated."""
    words = ["ip", "saddr", "{", "10.0.0.0/8", ",", "192.0.2.1", "}", "drop"]
    assert as_iptables("X", words, 4) == ("-A X -s 10.0.0.0/8 -j DROP", "-A X -s 192.0.2.1/32 -j DROP")
    assert as_iptables("X", [*words[:2], "!=", *words[2:]], 4) is None


@pytest.mark.parametrize(
    "words",
    [
        "ip saddr @banned drop", "limit rate 10/second accept", 'log prefix "x" drop', "drop accept", "counter", "ip saddr fd00::1 drop",
        "ip6 saddr fd00::/8 drop", "ip saddr { 1.1.1.1 drop", "tcp dport http drop", "tcp dport 99999 drop", "meta skuid 0 drop", "ip saddr",
        'iifname "a b" drop', "jump x;y", "tcp dport 80 udp dport 53 drop", "xt target LOG", "fib daddr type local drop", "",
        'counter drop comment "a\\"b"',
    ],
)  # fmt: skip
def test_what_iptables_has_no_words_for(words: str) -> None:
    """Nothing is guessed: no rule is better than another rule."""
    assert as_iptables(CHAIN, words.split(), 4) is None


def test_a_definition_of_definitions_is_bounded() -> None:
    """It grows with the product of the lengths: 14 KB were eight million words."""
    text = f"define a = {{ {', '.join(['1'] * 2000)} }}\n" + "add rule ip filter DOCKER-USER " + "$a " * 2000 + "\n"
    with pytest.raises(FormatError, match="more than"):
        rules_of("/etc/nftables.conf", text, lambda _: iter(()))
