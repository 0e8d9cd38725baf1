"""Rules of iptables and ip6tables, of both backends: random ones, an administrator's usual ones, the engine's own spoilt."""

from collections.abc import Iterator
from random import Random

from tests.hosts.paths.change import Change
from tests.hosts.paths.layout import BY_NAME, DOCKER0, HOST
from tests.hosts.paths.oddities import pool
from tests.hosts.paths.oddities.registry import oddity

_CHAINS = (
    ("filter", "FORWARD"),
    ("filter", "FORWARD"),
    ("filter", "DOCKER-USER"),
    ("filter", "DOCKER-USER"),
    ("filter", "INPUT"),
    ("filter", "OUTPUT"),
    ("raw", "PREROUTING"),
    ("raw", "OUTPUT"),
    ("mangle", "PREROUTING"),
    ("mangle", "FORWARD"),
    ("mangle", "POSTROUTING"),
    ("mangle", "OUTPUT"),
    ("mangle", "INPUT"),
)
_INWARD, _OUTWARD = (
    ("PREROUTING", "INPUT", "FORWARD", "DOCKER-USER"),
    ("FORWARD", "DOCKER-USER", "OUTPUT", "POSTROUTING"),
)


def tool_of(random: Random, version: int) -> str:
    """The command of a version; one time in five of the legacy backend."""
    return ("iptables" if version == 4 else "ip6tables") + random.choice(("", "", "", "", "-legacy"))


def matches(random: Random, chain: str, version: int) -> str:
    """One to three matches; at most one names a protocol."""
    makers = random.sample(
        (_place, _place, _device, _device, _protocol, _protocol, _state, _module, _module),
        random.choice((1, 1, 2, 2, 3)),
    )
    words = [maker(random, chain, version) for maker in dict.fromkeys(makers)]
    return " ".join(word for word in words if word)


def _no(random: Random) -> str:
    return "! " if random.random() < 0.2 else ""


def _place(random: Random, chain: str, version: int) -> str:
    return f"{_no(random)}{random.choice(('-s', '-d'))} {pool.place(random, version)}"


def _device(random: Random, chain: str, version: int) -> str:
    options = ["-i"] * (chain in _INWARD) + ["-o"] * (chain in _OUTWARD)
    name = random.choice((pool.device(random), pool.device(random), "docker+", "v+", "br-+"))
    return f"{_no(random)}{random.choice(options)} {name}"


def _protocol(random: Random, chain: str, version: int) -> str:
    icmp = "icmp" if version == 4 else "ipv6-icmp"
    kind = "--icmp-type echo-request" if version == 4 else "--icmpv6-type echo-request"
    one = pool.port(random)
    return random.choice(
        (
            f"-p tcp -m tcp --dport {one}",
            f"-p tcp -m tcp ! --dport {one}",
            f"-p udp -m udp --dport {one}",
            f"-p tcp -m tcp --sport {one}",
            f"-p tcp -m multiport --dports {one},9999,1:79",
            f"-p udp -m multiport ! --dports {one},7",
            "-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN",
            "-p tcp",
            "-p udp",
            f"! -p {icmp}",
            f"-p {icmp} -m {'icmp' if version == 4 else 'icmp6'} {kind}",
        )
    )


def _state(random: Random, chain: str, version: int) -> str:
    return random.choice(
        (
            "-m conntrack --ctstate NEW",
            "-m conntrack --ctstate RELATED,ESTABLISHED",
            "-m conntrack --ctstate INVALID",
            "-m conntrack ! --ctstate ESTABLISHED",
            "-m state --state NEW",
            "-m conntrack --ctstate DNAT",
            "-m conntrack --ctdir REPLY",
            f"-m conntrack --ctorigdst {pool.address(random, version)}",
            "-m conntrack --ctproto 6 --ctorigdstport 8080",
        )
    )


def _module(random: Random, chain: str, version: int) -> str:
    mark = pool.mark(random)
    common = [
        f"-m mark --mark {mark:#x}",
        f"-m mark ! --mark {mark:#x}/0xff",
        f"-m connmark --mark {mark:#x}",
        "-m pkttype --pkt-type broadcast",
        "-m length --length 1000:65535",
        "-m length --length 0:1500",
        '-m comment --comment "site -j DROP policy"',
        "-m addrtype --dst-type LOCAL",
        "-m addrtype ! --dst-type LOCAL",
        "-m addrtype --src-type LOCAL",
    ]
    if version == 4:
        common += [
            "-m ttl --ttl-lt 64",
            "-m ttl --ttl-eq 64",
            "-m iprange --src-range 172.17.0.1-172.17.0.9",
            "-m iprange ! --dst-range 172.17.0.2-172.18.0.3",
            "-f",
        ]
    else:
        common += ["-m hl --hl-lt 64", "-m iprange --src-range fd00:17::1-fd00:17::9"]
    doubtful = [
        "-m limit --limit 1/hour --limit-burst 1",
        "-m statistic --mode random --probability 0.5",
        "-m recent --name x --rcheck",
        # Not connlimit: it drops by itself, whatever its rule's target, the last packets of a connection that it forgot.
        "-m quota --quota 100000",
        "-m string --string x --algo bm",
        "-m time --timestart 03:00 --timestop 03:01",
        "-m time --timestart 03:02 --timestop 03:00",
        "-m time --weekdays Mon,Tue,Wed,Thu,Fri,Sat,Sun --datestart 2020-01-01",
        "-m hashlimit --hashlimit-name h --hashlimit-above 1/sec",
        "-m physdev --physdev-in vaa",
        "-m physdev --physdev-is-bridged",
    ]
    return random.choice(doubtful if random.random() < 0.1 else common)


def _action(random: Random, table: str, chain: str) -> str:
    choices = ["DROP", "DROP", "DROP", "DROP", "ACCEPT", "ACCEPT", "RETURN", 'LOG --log-prefix "x -j DROP "']
    if table == "filter":
        choices += ["REJECT"]
    if table == "raw":
        choices += ["CT --notrack", "NOTRACK", "NOTRACK"]
    if table == "mangle":
        choices += [
            f"MARK --set-xmark {pool.mark(random):#x}/0xffffffff",
            "CONNMARK --save-mark",
            "CONNMARK --restore-mark",
        ]
        choices += [f"MARK --set-xmark {pool.mark(random):#x}/0xffffffff"] * 2
    return random.choice(choices)


@oddity("ipt/random-rules", 8)
def random_rules(random: Random) -> Iterator[Change]:
    """One to four random rules in one chain, before or after what is there."""
    version = pool.version_of(random)
    table, chain = random.choice(_CHAINS)
    lines = []
    for _ in range(random.randint(1, 4)):
        head = random.choice(("-I", "-I", "-A"))
        lines.append(f"{head} {chain} {matches(random, chain, version)} -j {_action(random, table, chain)}")
    declared = [f":{chain} - [0:0]"] if chain == "DOCKER-USER" and random.random() < 0.1 else []
    yield Change(HOST, tool_of(random, version), "\n".join([f"*{table}", *declared, *lines, "COMMIT"]))


@oddity("ipt/own-chain", 4)
def own_chain(random: Random) -> Iterator[Change]:
    """A chain of one's own that FORWARD or another jumps or goes to."""
    version = pool.version_of(random)
    table, chain = random.choice(_CHAINS)
    rules = [f"-A site {matches(random, chain, version)} -j {_action(random, table, chain)}" for _ in range(3)]
    jump = random.choice(("-j", "-j", "-g"))
    lines = [
        f"*{table}",
        ":site - [0:0]",
        *rules,
        f"-I {chain} {matches(random, chain, version)} {jump} site",
        "COMMIT",
    ]
    yield Change(HOST, tool_of(random, version), "\n".join(lines))


@oddity("ipt/policy", 2)
def policy(random: Random) -> Iterator[Change]:
    """A policy of drop, with the usual exceptions."""
    version = pool.version_of(random)
    table, chain = random.choice(
        (("filter", "INPUT"), ("filter", "FORWARD"), ("filter", "OUTPUT"), ("mangle", "FORWARD"))
    )
    usual = random.sample(
        (
            "-m conntrack --ctstate RELATED,ESTABLISHED",
            "-i lo" if chain != "OUTPUT" else "-o lo",
            "-p tcp -m tcp --dport 9000",
            f"-p {'icmp' if version == 4 else 'ipv6-icmp'}",
        ),
        2,
    )
    lines = [f"-A {chain} {match} -j ACCEPT" for match in usual if not (chain == "FORWARD" and match == "-i lo")]
    yield Change(HOST, tool_of(random, version), "\n".join([f"*{table}", f":{chain} DROP [0:0]", *lines, "COMMIT"]))


@oddity("ipt/ufw-like")
def ufw_like(random: Random) -> Iterator[Change]:
    """The shape of ufw: chains before and after, and reject at the end."""
    before = random.choice(("-A ufw-before -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT", ""))
    end = random.choice(("REJECT --reject-with icmp-port-unreachable", "RETURN", "DROP"))
    place = random.choice(("-A", "-I"))
    lines = ["*filter", ":ufw-before - [0:0]", ":ufw-after - [0:0]", before]
    lines += ["-A ufw-before -p icmp -m icmp --icmp-type 8 -j ACCEPT", f"-A ufw-after -j {end}"]
    lines += [f"{place} FORWARD -j ufw-after", f"{place} FORWARD -j ufw-before", "COMMIT"]
    yield Change(HOST, "iptables", "\n".join(line for line in lines if line))


@oddity("ipt/kube-like")
def kube_like(random: Random) -> Iterator[Change]:
    """The shape of kube-proxy: marks, and a drop of what is marked or invalid."""
    invalid = random.choice(("-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP", ""))
    lines = ["*filter", ":KUBE-FORWARD - [0:0]", ":KUBE-FIREWALL - [0:0]", invalid]
    lines += ["-A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT"]
    lines += [
        "-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP"
    ]
    lines += ["-I FORWARD -j KUBE-FORWARD", "-I OUTPUT -j KUBE-FIREWALL", "-I INPUT -j KUBE-FIREWALL", "COMMIT"]
    lines += ["*nat", ":KUBE-POSTROUTING - [0:0]", "-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN"]
    lines += ["-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0", "-A KUBE-POSTROUTING -j MASQUERADE --random-fully"]
    lines += ["-I POSTROUTING -j KUBE-POSTROUTING", "COMMIT"]
    yield Change(HOST, "iptables", "\n".join(line for line in lines if line))


@oddity("ipt/nat", 3)
def nat(random: Random) -> Iterator[Change]:
    """Translations before or after the engine's."""
    version = pool.version_of(random)
    port = pool.port(random)
    target = random.choice([one.address[version] for one in BY_NAME.values()] + [pool.STRANGE[version][1]])
    to = target if random.random() < 0.5 else (f"{target}:80" if version == 4 else f"[{target}]:80")
    chosen = random.choice(
        (
            f"PREROUTING -p tcp -m tcp --dport {port} -j DNAT --to-destination {to}",
            f"OUTPUT -p tcp -m tcp --dport {port} -j DNAT --to-destination {to}",
            f"PREROUTING -p tcp -m tcp --dport {port} -j REDIRECT --to-ports {pool.port(random)}",
            f"PREROUTING -p udp -m udp --dport 53 -j REDIRECT --to-ports {pool.port(random)}",
            f"POSTROUTING -s {DOCKER0.subnet[version]} -j RETURN",
            f"POSTROUTING -s {DOCKER0.subnet[version]} -j ACCEPT",
            f"POSTROUTING -s {DOCKER0.subnet[version]} -j SNAT --to-source {pool.address(random, version)}",
            f"POSTROUTING -o {pool.device(random)} -j MASQUERADE",
            f"POSTROUTING {matches(random, 'POSTROUTING', version)} -j MASQUERADE",
            f"PREROUTING {matches(random, 'PREROUTING', version)} -j ACCEPT",
            f"PREROUTING -d {pool.address(random, version)} -j DNAT --to-destination {target}",
            f"PREROUTING -i {pool.device(random)} -j RETURN",
        )
    )
    lines = ["*nat", f"{random.choice(('-I', '-I', '-A'))} {chosen}", "COMMIT"]
    yield Change(HOST, tool_of(random, version), "\n".join(lines))


@oddity("ipt/chain-flushed", 2)
def chain_flushed(random: Random) -> Iterator[Change]:
    """A chain of the engine is flushed."""
    version = pool.version_of(random)
    table, chain = random.choice(
        (
            ("nat", "POSTROUTING"),
            ("nat", "DOCKER"),
            ("nat", "PREROUTING"),
            ("nat", "OUTPUT"),
            ("filter", "FORWARD"),
            ("filter", "DOCKER"),
            ("filter", "DOCKER-FORWARD"),
            ("filter", "DOCKER-ISOLATION-STAGE-1"),
            ("filter", "DOCKER-ISOLATION-STAGE-2"),
            ("raw", "PREROUTING"),
        )
    )
    tool = tool_of(random, version)
    yield Change(HOST, tool, f"*{table}\n-F {chain}\nCOMMIT")


@oddity("ipt/mark-and-rule", 2)
def mark_and_rule(random: Random) -> Iterator[Change]:
    """A mark that a rule of routing sends elsewhere: a VPN, or nowhere."""
    version, mark = pool.version_of(random), pool.mark(random)
    action = random.choice(("lookup 99", "lookup 99", "prohibit", "blackhole", "unreachable", "lookup main"))
    match = matches(random, "PREROUTING", version)
    yield Change(
        HOST,
        tool_of(random, version),
        f"*mangle\n-A PREROUTING {match} -j MARK --set-xmark {mark:#x}/0xffffffff\nCOMMIT",
    )
    yield Change(
        HOST, "ip6" if version == 6 else "ip", f"rule add fwmark {mark} {action} pref {random.randint(50, 200)}"
    )
