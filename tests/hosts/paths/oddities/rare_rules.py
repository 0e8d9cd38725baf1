"""Rules that few hosts use: maps of data, zones of connection tracking, transparent proxies, changed headers, sets that grow."""

from collections.abc import Iterator
from random import Random

from tests.hosts.paths.change import Change
from tests.hosts.paths.layout import BY_NAME, DOCKER0, HOST, HOST_PORT, UPLINK
from tests.hosts.paths.oddities import pool
from tests.hosts.paths.oddities.ipt_rules import matches, tool_of
from tests.hosts.paths.oddities.nft_words import Table, condition
from tests.hosts.paths.oddities.registry import oddity


def _table(random: Random) -> Table:
    version = pool.version_of(random)
    return Table(random, random.choice((pool.family(version), "inet")), version, f"rare{random.randrange(1000)}")


def _kind(version: int) -> str:
    return "ipv4_addr" if version == 4 else "ipv6_addr"


def _chain(head: str, *rules: str) -> str:
    return "\n".join([f"chain r {{ {head}", *rules, "}"])


@oddity("nft/data-map", 2)
def data_map(random: Random) -> Iterator[Change]:
    """A map from addresses or ports to marks, addresses or ports."""
    table = _table(random)
    version, word = table.version, pool.family(table.version)
    port, to = pool.port(random), random.choice(list(BY_NAME.values())).address[version]
    own = BY_NAME["aa"].address[version]
    l3 = "" if table.family != "inet" else f" {word}"
    kind, rule = random.choice(
        (
            ("filter hook prerouting priority -150", f"meta mark set {word} saddr map {{ {own} : 0x1, {to} : 0x2 }}"),
            ("filter hook forward priority -5", f"meta mark set tcp dport map {{ 80 : 0x10, {port} : 0x4000 }}"),
            ("nat hook prerouting priority -105", f"dnat{l3} to tcp dport map {{ {port} : {to}, 8081 : {own} }}"),
            ("nat hook output priority -105", f"dnat{l3} to tcp dport map {{ {port} : {to} }}"),
            ("nat hook prerouting priority -105", f"redirect to :tcp dport map {{ {port} : {HOST_PORT}, 7 : 8 }}"),
            ("nat hook postrouting priority 95", f"snat{l3} to {word} saddr map {{ {own} : {pool.address(random, version)} }}"),
            ("nat hook prerouting priority -105", f"dnat{l3} to tcp dport map {{ {port} : {to} . 80 }}"),
        )
    )  # fmt: skip
    later = "meta mark 0x1 drop" if "meta mark set" in rule and random.random() < 0.5 else ""
    yield Change(HOST, "nft", table.text(_chain(f"type {kind}; policy accept;", rule, later)))


@oddity("nft/vmap-of-marks", 1.5)
def vmap_of_marks(random: Random) -> Iterator[Change]:
    """Marks set in one chain, and a verdict map of marks and interfaces in another."""
    table = _table(random)
    mark = pool.mark(random)
    verdicts = [random.choice(("drop", "accept", "continue")) for _ in range(2)]
    side, hook = random.choice((("iifname", "forward"), ("oifname", "forward"), ("iifname", "input")))
    elements = f'{mark:#x} . "docker0" : {verdicts[0]}, 0x0 . "{pool.device(random)}" : {verdicts[1]}'
    named = table.add_set("map type mark . ifname : verdict;", elements)
    yield Change(
        HOST,
        "nft",
        table.text(
            "\n".join(
                (
                    "chain m { type filter hook prerouting priority -140; policy accept;",
                    f"{condition(table, 'prerouting')} meta mark set {mark}",
                    "}",
                )
            ),
            _chain(f"type filter hook {hook} priority 3; policy accept;", f"meta mark . {side} vmap {named}"),
        ),
    )


@oddity("nft/zone", 0.5)
def zone(random: Random) -> Iterator[Change]:
    """Connections of some interface are tracked in a zone of their own."""
    version = pool.version_of(random)
    if random.random() < 0.5:
        chain, side = random.choice((("PREROUTING", "-i"), ("OUTPUT", "-o")))
        way = random.choice(("--zone", "--zone-orig", "--zone-reply"))
        text = f"*raw\n-A {chain} {side} {pool.device(random)} -j CT {way} {random.randint(1, 9)}\nCOMMIT"
        yield Change(HOST, tool_of(random, version), text)
        return
    table = _table(random)
    hook = random.choice(("prerouting", "prerouting", "output"))
    way = random.choice(("ct zone set", "ct original zone set"))
    yield Change(
        HOST,
        "nft",
        table.text(
            _chain(f"type filter hook {hook} priority -300; policy accept;", f"{condition(table, hook)} {way} 5")
        ),
    )


@oddity("nft/transparent-proxy", 0.5)
def transparent_proxy(random: Random) -> Iterator[Change]:
    """A transparent proxy: packets are marked and led to the host itself, where its program may listen or not."""
    version = pool.version_of(random)
    word, local = pool.family(version), "127.0.0.1" if version == 4 else "::1"
    port = random.choice((HOST_PORT, 3129))
    match = random.choice(
        ("tcp dport 80", f'iifname "docker0" tcp dport {pool.port(random)}', "meta l4proto udp th dport 53")
    )
    if random.random() < 0.4:
        text = f"*mangle\n-A PREROUTING {random.choice(('-i docker0 -p tcp', '-p udp'))} -j TPROXY --on-port {port} --tproxy-mark 0x1/0x1\nCOMMIT"
        yield Change(HOST, "iptables" if version == 4 else "ip6tables", text)
    else:
        to = f"[{local}]" if version == 6 else local
        yield Change(
            HOST,
            "nft",
            f"table {word} divert {{ chain p {{ type filter hook prerouting priority -150; policy accept;\n"
            f"{match} tproxy to {to}:{port} meta mark set 0x1 accept\n}}\n}}\n",
        )
    if random.random() < 0.8:
        yield Change(
            HOST,
            "ip" if version == 4 else "ip6",
            "rule add fwmark 1 lookup 97 pref 90\nroute add local default dev lo table 97",
        )


@oddity("nft/changed-header", 1)
def changed_header(random: Random) -> Iterator[Change]:
    """A rule that changes a header: hops, type of service, segment size, an address without tracking."""
    table = _table(random)
    version, word = table.version, pool.family(table.version)
    hop = "ip ttl" if version == 4 else "ip6 hoplimit"
    hook, priority = random.choice((("prerouting", -150), ("forward", -150), ("output", -150), ("postrouting", -150)))
    change = random.choice(
        (
            f"{hop} set {random.choice((0, 1, 2, 64))}",
            f"{word} dscp set cs3",
            "tcp flags syn tcp option maxseg size set 1000",
            "tcp flags syn tcp option maxseg size set rt mtu",
            f"{word} daddr {pool.address(random, version)} {word} daddr set {pool.address(random, version)} notrack",
            "meta priority set 1:1",
            "meta pkttype set host",
            "tcp dport 8080 tcp dport set 80",
        )
    )
    text = _chain(f"type filter hook {hook} priority {priority}; policy accept;", f"{condition(table, hook)} {change}")
    yield Change(HOST, "nft", table.text(text))


@oddity("nft/growing-set", 0.4)
def growing_set(random: Random) -> Iterator[Change]:
    """A set that rules add to: knocking, and bans after too many connections."""
    table = _table(random)
    version, word = table.version, pool.family(table.version)
    hook = random.choice(("prerouting", "forward", "input"))
    named = table.add_set(
        f"set type {_kind(version)}; flags dynamic,timeout; timeout 1m;", pool.address(random, version)
    )
    rules = random.choice(
        (
            (f"tcp dport {pool.port(random)} add {named} {{ {word} saddr }}", f"{word} saddr {named} drop"),
            (f"{word} saddr {named} drop",),
            (f"update {named} {{ {word} saddr limit rate over 10/second }} drop",),
            (f"{condition(table, hook)} delete {named} {{ {word} daddr }}", f"{word} daddr {named} drop"),
        )
    )
    yield Change(HOST, "nft", table.text(_chain(f"type filter hook {hook} priority -2; policy accept;", *rules)))


@oddity("nft/edge", 2)
def edge(random: Random) -> Iterator[Change]:
    """Verdicts at the edge of devices, by sets, maps and marks; packets forwarded or copied to another device."""
    version = pool.version_of(random)
    dev, word = random.choice((UPLINK, UPLINK, "docker0", "br-app", "vaa")), pool.family(version)
    hook = random.choice(("ingress", "egress", "egress"))
    rules = random.choice(
        (
            (f"{word} daddr vmap {{ {pool.address(random, version)} : drop, {pool.STRANGE[version][1]} : accept }}",),
            (f"{word} saddr . tcp dport {{ {pool.address(random, version)} . {pool.port(random)} }} drop",),
            (f"{word} saddr {pool.place(random, version)} meta mark set 5", "meta mark 5 drop"),
            (f"{word} daddr {pool.place(random, version)} fwd to lo",),
            (f"{word} daddr {pool.place(random, version)} dup to lo",),
            (f"tcp flags syn {word} daddr {pool.place(random, version)} drop",),
            ("icmp type echo-reply drop" if version == 4 else "icmpv6 type echo-reply drop",),
            (f"meta mark {pool.mark(random)} drop",),
            ("meta protocol arp drop",),
        )
    )  # fmt: skip
    head = f'type filter hook {hook} device "{dev}" priority 10; policy accept;'
    yield Change(
        HOST, "nft", f"table netdev rim{random.randrange(100)} {{ chain e {{ {head}\n" + "\n".join(rules) + "\n}\n}\n"
    )


@oddity("nft/engine-chain-spoilt", 2)
def engine_chain_spoilt(random: Random) -> Iterator[Change]:
    """A rule put into a chain of the engine."""
    version = pool.version_of(random)
    chain = random.choice(("filter FORWARD", "filter DOCKER", "nat DOCKER", "nat POSTROUTING", "raw PREROUTING"))
    table, name = chain.split()
    action = random.choice(("RETURN", "ACCEPT", "DROP")) if table != "nat" else random.choice(("RETURN", "ACCEPT"))
    hook = "FORWARD" if name == "DOCKER" and table == "filter" else name if name != "DOCKER" else "PREROUTING"
    match = matches(random, hook, version)
    yield Change(HOST, tool_of(random, version), f"*{table}\n-I {name} {match} -j {action}\nCOMMIT")


@oddity("ipt/rare-targets", 1)
def rare_targets(random: Random) -> Iterator[Change]:
    """Targets and matches that few use."""
    version = pool.version_of(random)
    subnet = DOCKER0.subnet[version]
    lines = [
        ("mangle", "FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu"),
        ("mangle", f"PREROUTING -s {subnet} -j {'TTL --ttl-set 1' if version == 4 else 'HL --hl-set 1'}"),
        ("mangle", "PREROUTING -j DSCP --set-dscp 8"),
        ("mangle", "PREROUTING -j TOS --set-tos 0x10"),
        ("mangle", f"POSTROUTING -o {UPLINK} -j CLASSIFY --set-class 1:1"),
        ("mangle", "OUTPUT -m owner --uid-owner 0 -j DROP"),
        ("filter", "OUTPUT -m owner ! --uid-owner 0 -j DROP"),
        ("filter", f"FORWARD -s {subnet} -m set --match-set nothere dst -j DROP"),
        ("filter", "FORWARD -m rpfilter -j DROP"),
        ("raw", "PREROUTING -m rpfilter --invert -j DROP"),
        ("filter", "FORWARD -m dscp --dscp 0 -j DROP"),
        ("filter", "FORWARD -m connbytes --connbytes 1000: --connbytes-dir both --connbytes-mode bytes -j DROP"),
        ("filter", f"FORWARD -m mac --mac-source 02:00:00:00:00:99 -s {subnet} -j DROP"),
        ("nat", f"PREROUTING -d {pool.address(random, version)} -j NETMAP --to {subnet}"),
        ("filter", "FORWARD -m conntrack --ctstatus EXPECTED -j DROP"),
        ("filter", "FORWARD -m conntrack --ctstatus NONE -j DROP"),
        ("filter", "INPUT -m socket --transparent -j DROP"),
    ]
    table, text = random.choice(lines)
    yield Change(HOST, tool_of(random, version), f"*{table}\n-I {text}\nCOMMIT")


@oddity("nft/set-of-pairs", 1)
def ip_set(random: Random) -> Iterator[Change]:
    """A set of ipset's kind, by the protocol of nft: addresses with ports, and networks."""
    table = _table(random)
    version, word = table.version, pool.family(table.version)
    nets = {4: "172.17.0.0/30 . 1-100, 192.0.2.0/24 . 53", 6: "fd00:17::/126 . 1-100, 2001:db8:80::/48 . 53"}[version]
    named = table.add_set(f"set type {_kind(version)} . inet_service; flags interval;", nets)
    side, hook = random.choice((("daddr", "forward"), ("daddr", "output"), ("daddr", "prerouting")))
    port = random.choice(("tcp dport", "udp dport", "th dport"))
    start = "meta l4proto { tcp, udp } " if port.startswith("th") else ""
    rule = f"{start}{word} {side} . {port} {random.choice(('', '!= '))}{named} {random.choice(('drop', 'accept', 'counter drop'))}"
    yield Change(HOST, "nft", table.text(_chain(f"type filter hook {hook} priority 1; policy accept;", rule)))
