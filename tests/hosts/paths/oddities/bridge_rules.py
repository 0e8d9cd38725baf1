"""Rules below IP: ebtables, arptables, and nft's family bridge."""

from collections.abc import Iterator
from random import Random

from tests.hosts.paths.change import Change
from tests.hosts.paths.layout import HOST
from tests.hosts.paths.oddities import pool
from tests.hosts.paths.oddities.registry import oddity

_PRIORITIES = {"prerouting": -300, "input": -200, "forward": -200, "output": 100, "postrouting": 300}


def _match(random: Random, hook: str) -> str:
    version = pool.version_of(random)
    word = pool.family(version)
    sides = [side for side, hooks in _SIDES.items() if hook in hooks]
    return random.choice(
        (
            f'{random.choice(sides)} "{pool.veth(random)}"',
            f'{random.choice(sides)} != "vaa"',
            f"{word} {random.choice(('saddr', 'daddr'))} {pool.place(random, version)}",
            f"ether type {random.choice(('ip', 'ip6', 'arp'))}",
            "arp operation request",
            f"tcp dport {pool.port(random)}",
            f"meta l4proto {random.choice(('tcp', 'udp', 'icmp'))}",
            'meta ibrname "docker0"' if hook != "output" else 'meta obrname "docker0"',
            "ether type vlan",
            "ether daddr ff:ff:ff:ff:ff:ff",
            f"meta mark {pool.mark(random)}",
            "meta pkttype multicast",
        )
    )


_SIDES = {"iifname": ("prerouting", "input", "forward"), "oifname": ("forward", "output", "postrouting")}


@oddity("bridge/nft-chain", 4)
def nft_chain(random: Random) -> Iterator[Change]:
    """One base chain of the family bridge."""
    hook = random.choice(("prerouting", "input", "forward", "forward", "output", "postrouting"))
    rules = []
    for _ in range(random.randint(1, 3)):
        match = " ".join(_match(random, hook) for _ in range(random.choice((1, 1, 2))))
        if match.count("meta l4proto") + match.count("ether type") + match.count("dport") > 1:
            match = _match(random, hook)
        verdict = random.choice(("drop", "drop", "accept", "counter", f"meta mark set {pool.mark(random)}"))
        rules.append(f"{match} {verdict}")
    policy = random.choice(("accept", "accept", "accept", "drop"))
    if policy == "drop":
        rules.append("ether type arp accept")
    lines = "\n".join(rules)
    head = f"type filter hook {hook} priority {_PRIORITIES[hook]}; policy {policy};"
    yield Change(HOST, "nft", f"table bridge low{random.randrange(100)} {{ chain b {{ {head}\n{lines}\n}}\n}}\n")


@oddity("bridge/ebtables", 2)
def ebtables(random: Random) -> Iterator[Change]:
    """A rule of ebtables."""
    chain = random.choice(("FORWARD", "FORWARD", "INPUT", "OUTPUT"))
    side = "-o" if chain == "OUTPUT" else "-i"
    match = random.choice(
        (
            f"{side} {pool.veth(random)}",
            "-p ARP",
            f"-p IPv4 --ip-dst {pool.address(random, 4)}",
            f"-p IPv4 --ip-src {pool.address(random, 4)}",
            f"-p IPv4 --ip-proto tcp --ip-dport {pool.port(random)}",
            "-p IPv6",
            f"! {side} vaa",
            "-d Multicast",
        )
    )
    verdict = random.choice(("DROP", "DROP", "ACCEPT"))
    yield Change(HOST, "ebtables", f"ebtables -A {chain} {match} -j {verdict}")


@oddity("bridge/arptables")
def arptables(random: Random) -> Iterator[Change]:
    """A rule of arptables."""
    chain = random.choice(("INPUT", "OUTPUT"))
    match = random.choice(
        (
            f"{'-i' if chain == 'INPUT' else '-o'} {pool.device(random)}",
            f"-s {pool.address(random, 4)}",
            f"-d {pool.address(random, 4)}",
            "--opcode Request",
            "--opcode Reply",
        )
    )
    yield Change(HOST, "arptables", f"arptables -A {chain} {match} -j DROP")
