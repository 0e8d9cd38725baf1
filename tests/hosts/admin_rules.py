"""Rules that administrators write, at random: what they keep out, in which table, above or below Docker's.

A rule is a wish: it names traffic, or ends only what comes in. No repair may take its force. Each is made from a seed, so that
one printed number repeats it.
"""

from dataclasses import dataclass
from random import Random

SOURCES = ("-s 203.0.113.0/24", "! -s 10.0.0.0/8", "-s 198.51.100.0/24")
PORTS = ("-p tcp --dport 80", "-p tcp -m multiport --dports 80,81,8080", "-p udp --dport 53", "")
WORDS = ("", "-m conntrack --ctstate NEW", "-m comment --comment 'closed -j ACCEPT'", "-m limit --limit 1000/s")
NFT_SOURCES = ("ip saddr 203.0.113.0/24", "ip saddr != 10.0.0.0/8", "ip saddr @banned", "ip saddr != @trusted")
NFT_PORTS = ("tcp dport 80", "tcp dport { 80, 81 }", "meta l4proto udp", "")


@dataclass(frozen=True)
class Wish:
    """A rule as shell commands; ``flushed`` whether a flush of Docker's tables takes it too, so that its owner loads it again."""

    text: str
    flushed: bool


def wish(random: Random) -> Wish:
    """One administrator's rule."""
    kinds = (_forward, _forward, _user, _between, _chain, _marked, _raw, _mangle, _table, _table, _legacy)
    return random.choice(kinds)(random)


def _match(random: Random) -> str:
    return " ".join(filter(None, (random.choice(SOURCES), random.choice(PORTS), random.choice(WORDS))))


def _ends(random: Random) -> str:
    return random.choice(("-j DROP", "-j REJECT"))


def _forward(random: Random) -> Wish:
    inside = random.choice(("-i eth0 ", ""))
    return Wish(f"iptables -I FORWARD {inside}{_match(random)} {_ends(random)}", flushed=True)


def _user(random: Random) -> Wish:
    return Wish(f"iptables -I DOCKER-USER -i eth0 {_match(random)} {_ends(random)}", flushed=True)


def _between(random: Random) -> Wish:
    place = random.randint(2, 4)
    return Wish(f"iptables -I FORWARD {place} -i eth0 {_match(random)} {_ends(random)}", flushed=True)


def _chain(random: Random) -> Wish:
    """A chain of its own, as ufw and others have, reached from FORWARD by all packets."""
    rule = f"iptables -A office -i eth0 {_match(random)} {_ends(random)}"
    return Wish(f"iptables -N office; iptables -I FORWARD -j office; {rule}", flushed=True)


def _marked(random: Random) -> Wish:
    """A mark set early, and ended in FORWARD."""
    set_it = f"iptables -t mangle -I PREROUTING {random.choice(SOURCES)} -j MARK --set-mark 0x2a"
    return Wish(f"{set_it}; iptables -I FORWARD -m mark --mark 0x2a {_ends(random)}", flushed=True)


def _raw(random: Random) -> Wish:
    return Wish(f"iptables -t raw -I PREROUTING -i eth0 {random.choice(SOURCES)} -p tcp -j DROP", flushed=False)


def _mangle(random: Random) -> Wish:
    return Wish(f"iptables -t mangle -I FORWARD -i eth0 {_match(random)} -j DROP", flushed=False)


def _table(random: Random) -> Wish:
    family, priority = random.choice(("inet", "ip")), random.choice((-150, -10, 0, 10))
    source, port = random.choice(NFT_SOURCES), random.choice(NFT_PORTS)
    sets = (
        "set banned { type ipv4_addr; flags interval; elements = { 203.0.113.0/24 }; }; "
        "set trusted { type ipv4_addr; flags interval; elements = { 10.0.0.0/8 }; }; "
    )
    chain = f"type filter hook forward priority {priority}; policy accept; iifname eth0 {source} {port} counter drop"
    return Wish(f"nft 'table {family} office {{ {sets} chain gate {{ {chain}; }}; }}'", flushed=False)


def _legacy(random: Random) -> Wish:
    return Wish(f"iptables-legacy -I FORWARD -i eth0 {random.choice(SOURCES)} -j DROP", flushed=False)


_IN_IPV6 = (
    ("iptables", "ip6tables"),
    ("203.0.113.0/24", "2001:db8:cb::/48"),
    ("10.0.0.0/8", "2001:db8:10::/48"),
    ("198.51.100.0/24", "2001:db8:51::/64"),
    ("172.17.0.0/16", "fd00:17::/64"),
    ("172.17.0.99:80", "[fd00:17::99]:80"),
    ("icmp-host-prohibited", "icmp6-adm-prohibited"),
    ("ipv4_addr", "ipv6_addr"),
    ("ip saddr", "ip6 saddr"),
    ("table ip ", "table ip6 "),
    ("inet office", "inet office6"),
)


def in_ipv6(text: str) -> str:
    """Return commands as they are for IPv6, of a rule or of a fault."""
    for old, new in _IN_IPV6:
        text = text.replace(old, new)
    return text


FAULTS: dict[str, str] = {
    "nothing": "true",
    "filter flushed": "iptables -F; iptables -X || true",
    "nat flushed": "iptables -t nat -F",
    "FORWARD flushed": "iptables -F FORWARD",
    "tables deleted": "nft delete table ip filter; nft delete table ip nat",
    "DOCKER flushed": "iptables -F DOCKER; iptables -t nat -F DOCKER",
    "jump to DOCKER-USER gone": "iptables -D FORWARD -j DOCKER-USER",
    "jump to DOCKER gone": "iptables -D FORWARD -o docker0 -j DOCKER",
    "masquerade gone": "iptables -t nat -D POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE",
    "established gone": "iptables -D FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
    "outbound gone": "iptables -D FORWARD -i docker0 ! -o docker0 -j ACCEPT",
    "nat jump gone": "iptables -t nat -D PREROUTING -m addrtype --dst-type LOCAL -j DOCKER",
    "isolation gone": "iptables -D FORWARD -j DOCKER-ISOLATION-STAGE-1",
    "reject first": "iptables -I FORWARD -j REJECT --reject-with icmp-host-prohibited",
    "drop between": "iptables -I FORWARD 3 -j DROP",
    "isolation drops all": "iptables -I DOCKER-ISOLATION-STAGE-2 -j DROP",
    "isolation bypassed": "iptables -I DOCKER-ISOLATION-STAGE-1 -j RETURN",
    "accepted above masquerading": "iptables -t nat -I POSTROUTING -j ACCEPT",
    "stale DNAT": "iptables -t nat -I DOCKER ! -i docker0 -p tcp --dport 8080 -j DNAT --to-destination 172.17.0.99:80",
    "nft table drops": "nft 'table inet fw { chain forward { type filter hook forward priority 10; policy drop;"
    " ct state established,related accept; }; }'",
    "legacy policy drops": "iptables-legacy -P FORWARD DROP",
    "open policy": "iptables -P FORWARD ACCEPT",
}
"""Faults of Docker's rules: each fixer of the firewall that acts on a running host has one here."""
