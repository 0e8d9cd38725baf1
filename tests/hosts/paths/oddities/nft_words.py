"""Random conditions and verdicts in nft's language, and the sets and chains that they need."""

from dataclasses import dataclass, field
from random import Random

from tests.hosts.paths.oddities import pool

INPUT_HOOKS, OUTPUT_HOOKS = ("prerouting", "input", "forward"), ("forward", "output", "postrouting")


@dataclass
class Table:
    """A table that grows while its rules are drawn.

    Attributes:
        family: ip, ip6 or inet.
        version: which addresses its rules speak of.
    """

    random: Random
    family: str
    version: int
    name: str
    parts: list[str] = field(default_factory=list)
    chains: list[str] = field(default_factory=list)

    def add_set(self, head: str, elements: str) -> str:
        """Add a set or a map; returns its name."""
        name = f"s{len(self.parts)}"
        kind, _, rest = head.partition(" ")
        self.parts.append(f"{kind} {name} {{ {rest} elements = {{ {elements} }}; }}")
        return f"@{name}"

    def add_chain(self, rules: list[str]) -> str:
        """Add a chain that rules may jump to."""
        name = f"c{len(self.chains)}"
        self.chains.append("\n".join([f"chain {name} {{", *rules, "}"]))
        return name

    def text(self, *bases: str) -> str:
        """The whole table."""
        return "\n".join([f"table {self.family} {self.name} {{", *self.chains, *self.parts, *bases, "}\n"])


def condition(table: Table, hook: str) -> str:
    """One to three conditions."""
    random = table.random
    count = random.choices((0, 1, 2, 3), (1, 5, 5, 2))[0]
    # Each kind once: of `ip length < 100 ip length > 1000`, which nothing meets, nft 1.1.3 lists `ip length != 100-1000`.
    found = [maker(table, hook) for maker in dict.fromkeys(random.choices(_FREE, k=count))]
    count = len(found)
    if found and random.random() < 0.5:
        # Of the protocols above IP, at most one is named.
        found[random.randrange(count)] = random.choice(_LAYERED)(table, hook)
    if found and random.random() < 0.06:
        found[0] = _doubtful(table, hook)
    return " ".join(found)


def _no(random: Random) -> str:
    return "!= " if random.random() < 0.25 else ""


def _protocol_word(table: Table) -> str:
    return pool.family(table.version)


def _addresses(table: Table, hook: str) -> str:
    random, version = table.random, table.version
    side = random.choice(("saddr", "daddr"))
    if random.random() < 0.3:
        values = ", ".join(sorted({pool.address(random, version) for _ in range(3)}))
        return f"{_protocol_word(table)} {side} {_no(random)}{{ {values} }}"
    if version == 4 and random.random() < 0.15:
        return f"ip {side} {_no(random)}172.17.0.{random.randint(0, 3)}-172.{random.randint(17, 18)}.0.9"
    return f"{_protocol_word(table)} {side} {_no(random)}{pool.place(random, version)}"


def _devices(table: Table, hook: str) -> str:
    random = table.random
    sides = [word for word, hooks in (("iifname", INPUT_HOOKS), ("oifname", OUTPUT_HOOKS)) if hook in hooks]
    name = random.choice(('"docker0"', '"br-*"', f'"{pool.device(random)}"', f'"{pool.device(random)}"'))
    if random.random() < 0.25:
        name = f'{{ "{pool.device(random)}", "tun7" }}'
    return f"{random.choice(sides)} {_no(random)}{name}"


def _ports(table: Table, hook: str) -> str:
    random = table.random
    value = random.choice(
        (
            str(pool.port(random)),
            f"{{ {pool.port(random)}, 9999 }}",
            "1-1023",
            f"{{ 1-79, {pool.port(random)} }}" if random.random() < 0.2 else str(pool.port(random)),
        )
    )
    word = random.choice(("tcp dport", "tcp dport", "udp dport", "tcp sport", "th dport"))
    # `th` needs a protocol before it.
    start = "meta l4proto { tcp, udp } " if word.startswith("th") else ""
    return f"{start}{word} {_no(random)}{value}"


def _protocol(table: Table, hook: str) -> str:
    random = table.random
    icmp = "icmp" if table.version == 4 else "ipv6-icmp"
    values = random.choice(("tcp", "udp", icmp, "{ tcp, udp }", "47"))
    if table.version == 4 and random.random() < 0.3:
        return f"ip protocol {_no(random)}{values}"
    if table.family == "inet" and random.random() < 0.3:
        return f"meta nfproto {random.choice(('ipv4', 'ipv6'))}"
    return f"meta l4proto {_no(random)}{values}"


def _state(table: Table, hook: str) -> str:
    random = table.random
    return random.choice(
        (
            "ct state new",
            "ct state established,related",
            "ct state invalid",
            "ct state != established",
            "ct state untracked",
        )
    )


def _marks(table: Table, hook: str) -> str:
    random = table.random
    word = random.choice(("meta mark", "meta mark", "ct mark"))
    return random.choice(
        (f"{word} {pool.mark(random)}", f"{word} != 0", f"{word} and 0xff == {pool.mark(random) & 0xFF}", f"{word} 0")
    )


def _set(table: Table, hook: str) -> str:
    random, version = table.random, table.version
    kind = "ipv4_addr" if version == 4 else "ipv6_addr"
    side = random.choice(("saddr", "daddr"))
    if random.random() < 0.5:
        nets = _disjoint(random, version)
        name = table.add_set(f"set type {kind}; flags interval;", ", ".join(nets))
    else:
        values = sorted({pool.address(random, version) for _ in range(random.choice((1, 3, 5)))})
        name = table.add_set(f"set type {kind};", ", ".join(values))
    return f"{_protocol_word(table)} {side} {_no(random)}{name}"


def _disjoint(random: Random, version: int) -> list[str]:
    pools = {
        4: ("172.17.0.0/16", "172.18.0.2-172.18.0.3", "192.0.2.0/24", "198.51.100.1", "10.0.0.0/8"),
        6: ("fd00:17::/64", "fd00:18::2-fd00:18::3", "2001:db8:80::/48", "2001:db8:64::1", "fd00:99::/64"),
    }[version]
    return random.sample(pools, random.randint(1, 3))


def _concatenation(table: Table, hook: str) -> str:
    random, version = table.random, table.version
    kind = "ipv4_addr" if version == 4 else "ipv6_addr"
    pairs = {f"{pool.address(random, version)} . {pool.port(random)}" for _ in range(3)}
    if random.random() < 0.5:
        return f"{_protocol_word(table)} daddr . tcp dport {_no(random)}{{ {', '.join(sorted(pairs))} }}"
    if random.random() < 0.5:
        nets = ", ".join(f"{one} . {pool.port(random)}-9999" for one in _disjoint(random, version))
        name = table.add_set(f"set type {kind} . inet_service; flags interval;", nets)
        return f"{_protocol_word(table)} daddr . tcp dport {name}"
    name = table.add_set(f"set type {kind} . inet_service;", ", ".join(sorted(pairs)))
    return f"{_protocol_word(table)} saddr . tcp dport {name}"


def _fib(table: Table, hook: str) -> str:
    random = table.random
    if hook == "prerouting" and random.random() < 0.3:
        return f"fib saddr . iif oif {random.choice(('missing', 'exists'))}"
    return (
        f"fib {random.choice(('daddr', 'saddr'))} type {_no(random)}{random.choice(('local', 'unicast', 'broadcast'))}"
    )


def _icmp(table: Table, hook: str) -> str:
    random = table.random
    if table.version == 4:
        return f"icmp type {random.choice(('echo-request', 'echo-reply', '{ echo-request, destination-unreachable }'))}"
    kinds = ("echo-request", "echo-reply", "nd-neighbor-solicit", "{ nd-neighbor-advert, nd-router-advert }")
    return f"icmpv6 type {random.choice(kinds)}"


def _flags(table: Table, hook: str) -> str:
    tcp = ("tcp flags syn", "tcp flags & (fin | syn | rst | ack) == syn", "tcp flags & (syn | ack) == syn | ack")
    return table.random.choice(tcp)


def _header(table: Table, hook: str) -> str:
    random = table.random
    if table.version == 4:
        return random.choice(
            (f"ip ttl < {random.choice((2, 64, 65))}", "ip length > 1000", "ip length < 100", "ip dscp cs1")
        )
    return random.choice((f"ip6 hoplimit < {random.choice((2, 64, 65))}", "ip6 dscp cs1"))


def _tracking(table: Table, hook: str) -> str:
    random = table.random
    return random.choice(
        (
            "ct status dnat",
            "ct status snat",
            "ct direction original",
            "ct direction reply",
            "meta pkttype { broadcast, multicast }",
            "meta pkttype host",
            f"ct original {_protocol_word(table)} daddr {pool.address(random, table.version)}",
        )
    )


def _doubtful(table: Table, hook: str) -> str:
    """Conditions that hang on time, count, rate or chance; some are decided by the listing or the clock."""
    random = table.random
    return random.choice(
        (
            "limit rate 1/hour burst 1 packets",
            "limit rate over 10/second burst 5 packets",
            "limit rate 100000/second",
            "numgen random mod 2 0",
            "ct count over 20",
            "quota over 1000 mbytes",
            'meta hour "03:00"-"03:01"',
            'meta hour != "03:00"-"03:01"',
            'meta day "Sunday"-"Saturday"',
            'meta time > "2020-01-01 00:00:00"',
            "ct count over 0",
            "quota over 40 bytes used 40 bytes",
            "quota until 40 bytes used 40 bytes",
        )
    )


_FREE = (_addresses, _addresses, _devices, _devices, _state, _state, _marks, _set, _fib, _header, _tracking)
_LAYERED = (_ports, _ports, _ports, _protocol, _concatenation, _icmp, _flags)


def statement(table: Table, hook: str, kind: str, depth: int = 0) -> str:
    """The end of a rule: a verdict most of the time."""
    random = table.random
    reject = "reject" if hook in {"input", "forward", "output"} else "drop"
    choices = [
        "drop",
        "drop",
        "drop",
        "accept",
        "accept",
        "return",
        reject,
        "counter",
        'log prefix "x "',
        "mark",
        "map",
    ]
    if depth < 2:
        choices += ["jump", "jump", "goto"]
    if kind == "raw":
        choices += ["notrack"]
    chosen = random.choice(choices)
    counter = random.choice(("", "counter "))
    if chosen in {"jump", "goto"}:
        inner = [rule(table, hook, kind, depth + 1) for _ in range(random.randint(1, 3))]
        return f"{counter}{chosen} {table.add_chain(inner)}"
    if chosen == "mark":
        return random.choice(
            (
                f"meta mark set {pool.mark(random)}",
                f"meta mark set meta mark | {pool.mark(random)}",
                f"ct mark set {pool.mark(random)}",
                "ct mark set meta mark",
                "meta mark set ct mark",
            )
        )
    if chosen == "map":
        return _verdict_map(table, hook)
    return chosen if chosen == "counter" else counter + chosen


def _verdict_map(table: Table, hook: str) -> str:
    random, version = table.random, table.version
    verdicts = [random.choice(("drop", "accept", "return")) for _ in range(3)]
    kind = random.randrange(5)
    if kind == 0:
        return f"ct state vmap {{ established : {verdicts[0]}, new : {verdicts[1]}, invalid : drop }}"
    if kind == 1:
        return f"tcp dport vmap {{ {pool.port(random)} : {verdicts[0]}, 7 : drop }}"
    if kind == 2:
        side = "iifname" if hook in INPUT_HOOKS else "oifname"
        name = table.add_set("map type ifname : verdict;", f'"docker0" : {verdicts[0]}, "uplink" : {verdicts[1]}')
        return f"{side} vmap {name}"
    if kind == 3:
        word = "ipv4_addr" if version == 4 else "ipv6_addr"
        nets = ", ".join(f"{net} : {random.choice(verdicts)}" for net in _disjoint(random, version))
        name = table.add_set(f"map type {word} : verdict; flags interval;", nets)
        return f"{_protocol_word(table)} {random.choice(('saddr', 'daddr'))} vmap {name}"
    return (
        f"{_protocol_word(table)} daddr . tcp dport vmap "
        f"{{ {pool.address(random, version)} . {pool.port(random)} : {verdicts[0]} }}"
    )


def rule(table: Table, hook: str, kind: str, depth: int = 0) -> str:
    """One whole rule."""
    return f"{condition(table, hook)} {statement(table, hook, kind, depth)}"
