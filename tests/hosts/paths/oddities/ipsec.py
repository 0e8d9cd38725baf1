"""Policies of IPsec."""

from collections.abc import Iterator
from random import Random

from tests.hosts.paths.change import Change
from tests.hosts.paths.layout import HOST, UPLINK
from tests.hosts.paths.oddities import pool
from tests.hosts.paths.oddities.registry import oddity


@oddity("xfrm/policy", 2)
def policy(random: Random) -> Iterator[Change]:
    """A policy of IPsec without a state: it blocks, allows, or wants what nobody gives."""
    version = pool.version_of(random)
    length = 32 if version == 4 else 128
    ends = []
    for word in ("src", "dst"):
        one = random.choice((pool.network(random, version), f"{pool.address(random, version)}/{length}", _any(version)))
        ends.append(f"{word} {one}")
    port = random.choice(("", "", "", f" proto tcp dport {pool.port(random)}", " proto udp"))
    action = random.choice(("action block", "action block", "action allow", _tunnel(version)))
    for way in random.choice((("out",), ("in",), ("fwd",), ("out", "fwd"), ("in", "fwd", "out"))):
        first = random.choice(("", " priority 10", " priority 1000"))
        yield Change(HOST, "ip", f"xfrm policy add {' '.join(ends)}{port} dir {way}{first} {action}")
    if random.random() < 0.15:
        setting = random.choice(("disable_policy", "disable_xfrm"))
        yield Change(HOST, "sysctl", f"ipv4/conf/{random.choice(('all', UPLINK, 'docker0'))}/{setting} 1")


def _any(version: int) -> str:
    return "0.0.0.0/0" if version == 4 else "::/0"


def _tunnel(version: int) -> str:
    ends = ("198.51.100.1", "203.0.113.5") if version == 4 else ("2001:db8:64::1", "2001:db8:99::5")
    return f"action allow tmpl src {ends[0]} dst {ends[1]} proto esp mode tunnel"
