"""Tables in nft's own language: somebody's firewall beside the engine's, random rules, and the engine's own ones spoilt."""

from collections.abc import Iterator
from random import Random

from tests.hosts.paths.change import Change
from tests.hosts.paths.layout import BY_NAME, DOCKER0, HOST, UPLINK
from tests.hosts.paths.oddities import pool
from tests.hosts.paths.oddities.nft_words import Table, rule
from tests.hosts.paths.oddities.registry import oddity

_PRIORITIES = {
    "prerouting": (("raw", -300), ("filter", -150), ("filter", -50), ("filter", 10)),
    "input": (("filter", 0), ("filter", -10), ("filter", 20)),
    "forward": (("filter", 0), ("filter", -10), ("filter", 10), ("filter", 100)),
    "output": (("raw", -300), ("filter", 0), ("filter", 10)),
    "postrouting": (("filter", -150), ("filter", 200)),
}


def _table(random: Random, name: str) -> Table:
    version = pool.version_of(random)
    return Table(random, random.choice((pool.family(version), "inet")), version, name)


def _base(random: Random, table: Table, hook: str, policy: str, count: int) -> str:
    kind, priority = random.choice(_PRIORITIES[hook])
    rules = [rule(table, hook, kind) for _ in range(count)]
    head = f"type filter hook {hook} priority {priority}; policy {policy};"
    return "\n".join([f"chain b_{hook} {{ {head}", *rules, "}"])


@oddity("nft/random-chain", 8)
def random_chain(random: Random) -> Iterator[Change]:
    """One base chain of random rules."""
    table = _table(random, f"odd{random.randrange(1000)}")
    hook = random.choice(("forward", "forward", "forward", "prerouting", "input", "output", "postrouting"))
    yield Change(HOST, "nft", table.text(_base(random, table, hook, "accept", random.randint(1, 4))))


@oddity("nft/random-table", 3)
def random_table(random: Random) -> Iterator[Change]:
    """A table with several base chains; one may have the policy drop."""
    table = _table(random, f"many{random.randrange(1000)}")
    hooks = random.sample(list(_PRIORITIES), random.randint(2, 4))
    bases = [_base(random, table, hook, random.choice(("accept", "accept", "drop")), 3) for hook in hooks]
    yield Change(HOST, "nft", table.text(*bases))


@oddity("nft/policy-drop")
def policy_drop(random: Random) -> Iterator[Change]:
    """A hand-made firewall whose forward chain lets answers through, and some of the rest."""
    extra = random.choice(
        ('iifname "docker0" accept', 'oifname "uplink" accept', 'iifname { "docker0", "br-app" } accept', "")
    )
    icmp = random.choice(("meta l4proto ipv6-icmp accept", ""))
    yield Change(
        HOST,
        "nft",
        "table inet site { chain forward { type filter hook forward priority 10; policy drop;\n"
        f"ct state established,related accept\n{extra}\n{icmp}\n}}\n}}\n",
    )


@oddity("nft/input-policy-drop")
def input_policy_drop(random: Random) -> Iterator[Change]:
    """A host firewall: what is not known does not reach the host."""
    allow = random.sample(
        (
            'iifname "lo" accept',
            "tcp dport { 22, 8080 } accept",
            'iifname "docker0" accept',
            "icmp type echo-request accept",
        ),
        2,
    )
    nd = random.choice(
        ("meta l4proto ipv6-icmp accept", "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept", "")
    )
    lines = "\n".join(["ct state established,related accept", *allow, nd])
    head = "type filter hook input priority filter; policy drop;"
    yield Change(HOST, "nft", f"table inet guard {{ chain input {{ {head}\n{lines}\n}}\n}}\n")


@oddity("nft/set-of-bans")
def set_of_bans(random: Random) -> Iterator[Change]:
    """fail2ban's table: a set of addresses that are rejected."""
    version = pool.version_of(random)
    kind = "ipv4_addr" if version == 4 else "ipv6_addr"
    banned = sorted({pool.address(random, version) for _ in range(3)})
    hook = random.choice(("input", "forward", "prerouting"))
    verdict = "drop" if hook == "prerouting" else "reject"
    yield Change(
        HOST,
        "nft",
        f"table inet f2b-table {{ set bans {{ type {kind}; elements = {{ {', '.join(banned)} }}; }}\n"
        f"chain f2b-chain {{ type filter hook {hook} priority -1; policy accept;\n"
        f"{pool.family(version)} saddr @bans {verdict}\n}}\n}}\n",
    )


@oddity("nft/nat-table", 2)
def nat_table(random: Random) -> Iterator[Change]:
    """Translations of somebody else: a stale DNAT, a redirect, a source that is wrong."""
    version = pool.version_of(random)
    word, port = pool.family(version), pool.port(random)
    to = random.choice([one.address[version] for one in BY_NAME.values()] + [pool.STRANGE[version][1]])
    hook, action = random.choice(
        (
            ("prerouting", f"tcp dport {port} dnat to {to}"),
            ("prerouting", f"tcp dport {port} redirect to :{pool.port(random)}"),
            ("output", f"tcp dport {port} dnat to {to}"),
            ("prerouting", f"udp dport 53 dnat to {to}"),
            ("postrouting", f"{word} saddr {DOCKER0.subnet[version]} snat to {pool.address(random, version)}"),
            ("postrouting", f'oifname "{UPLINK}" masquerade'),
            ("postrouting", f'oifname "{pool.device(random)}" masquerade'),
            ("postrouting", f"{word} daddr {pool.address(random, version)} accept"),
        )
    )
    priority = random.choice((-101, -90)) if hook != "postrouting" else random.choice((90, 110))
    head = f"type nat hook {hook} priority {priority}; policy accept;"
    yield Change(HOST, "nft", f"table {word} other-nat {{ chain n {{ {head}\n{action}\n}}\n}}\n")


@oddity("nft/netdev", 2)
def netdev(random: Random) -> Iterator[Change]:
    """A filter at the edge of a device, before everything else."""
    dev = random.choice((UPLINK, DOCKER0.name, "vaa", "vbb", "br-app"))
    version = pool.version_of(random)
    hook = random.choice(("ingress", "ingress", "egress"))
    match = random.choice(
        (
            f"{pool.family(version)} saddr {pool.place(random, version)}",
            f"{pool.family(version)} daddr {pool.place(random, version)}",
            f"tcp dport {pool.port(random)}",
            "meta l4proto { tcp, udp }",
            "ether type arp",
            f"ether type {word}" if (word := random.choice(("ip", "ip6"))) else "",
        )
    )
    verdict = random.choice(("drop", "drop", "accept", "counter"))
    head = f'type filter hook {hook} device "{dev}" priority 0; policy accept;'
    yield Change(
        HOST, "nft", f"table netdev edge{random.randrange(100)} {{ chain e {{ {head}\n{match} {verdict}\n}}\n}}\n"
    )


@oddity("nft/arp-family")
def arp_family(random: Random) -> Iterator[Change]:
    """A filter on ARP."""
    hook = random.choice(("input", "output"))
    kind = random.choice(("arp operation request", "arp operation reply", f'iifname "{pool.device(random)}"', ""))
    if hook == "output":
        kind = kind.replace("iifname", "oifname")
    head = f"type filter hook {hook} priority 0; policy accept;"
    place = random.choice((HOST, HOST, pool.container(random)))
    yield Change(place, "nft", f"table arp quiet {{ chain a {{ {head}\n{kind} drop\n}}\n}}\n")


@oddity("nft/flushed")
def flushed(random: Random) -> Iterator[Change]:
    """`nft flush ruleset`, or one table of the engine gone."""
    which = random.choice(
        ("flush ruleset", "flush ruleset", "flush table ip nat", "delete table ip filter", "flush ruleset ip6")
    )
    yield Change(HOST, "nft", which)


@oddity("nft/engine-element-gone", 12)
def engine_element_gone(random: Random) -> Iterator[Change]:
    """One element of the maps of engine 29 is gone, or one of its chains is empty."""
    family, bridge = random.choice(("ip", "ip", "ip6")), pool.bridge_name(random)
    stem = random.choice(("filter-forward-in", "filter-forward-out", "nat-postrouting-out"))
    yield Change(
        HOST,
        "nft",
        random.choice(
            (
                f'delete element {family} docker-bridges {stem}-jumps {{ "{bridge}" }}',
                f"flush chain {family} docker-bridges {stem}__{bridge}",
                f"flush chain {family} docker-bridges nat-prerouting-and-output",
                f"flush chain {family} docker-bridges filter-FORWARD",
                f"flush map {family} docker-bridges {stem}-jumps",
            )
        ),
    )
