"""The network state of a box as lines: an undo restores all that a repair changed."""

import re

from tests.hosts.box import Box
from tests.hosts.cuts.traffic import CONTAINERS

_HOST = """
for t in iptables ip6tables iptables-legacy ip6tables-legacy; do $t-save 2>/dev/null | grep -v '^#' | sed "s/^/$t /"; done
nft -s list ruleset 2>/dev/null | sed 's/^/nft /'
bridge -o link | sed 's/^/port /'
ip -o neigh show nud permanent | sed 's/^/neigh /'
find /etc/sysctl.d /etc/docker /etc/network /etc/nftables.conf /etc/iptables /etc/ufw /etc/default/ufw -type f 2>/dev/null |
    xargs -r md5sum | sed 's/^/file /'
"""
_EACH = """
ip -o addr | sed 's/^[0-9]*: /addr /'
ip -o link | sed 's/^[0-9]*: /link /'
for v in 4 6; do ip -$v rule | sed "s/^/rule$v /"; ip -$v route show table all | sed "s/^/route$v /"; done
tc qdisc | sed 's/^/queue /'
sysctl -a -r '^net\\.(ipv4|ipv6|bridge)\\.(conf|ip_forward|bridge-nf|ip_default_ttl|icmp_echo)' 2>/dev/null
"""
# Counters, times, numbers of interfaces and names that a new pair of interfaces gets.
_PASSING = (
    (r"\[\d+:\d+\]", "[]"),
    (r"-c \d+ \d+ ", ""),
    (r"(valid_lft|preferred_lft|expires|linkdown|qlen|refcnt) ?\S*", ""),
    (r"veth[0-9a-f]+", "veth"),
    (r"@if\d+|link-netnsid \d+|dev if\d+", ""),
    (r"link/ether \S+", ""),
    (r"fe80::\S+", "fe80"),
    (r"\s+", " "),
)


def state(box: Box) -> frozenset[str]:
    """The state of the host and of its containers; what changes by itself is left out."""
    script = [_HOST, _EACH]
    for name in CONTAINERS:
        pid = f"$(docker inspect -f '{{{{.State.Pid}}}}' {name})"
        script.append(f"nsenter -t {pid} -n sh <<'END' | sed 's/^/{name} /'\n{_EACH}\nEND")
    lines = box.run(["sh", "-c", "\n".join(script)], check=False, timeout=60).stdout.splitlines()
    return frozenset(filter(None, map(_steady, lines)))


def _steady(line: str) -> str:
    if "stable_secret" in line or ".mtu" in line:
        return ""
    for pattern, text in _PASSING:
        line = re.sub(pattern, text, line)
    return line.strip()
