"""Faults of forwarding and of the firewall, as tools and colleagues leave them."""

import shlex
from random import Random

from tests.hosts.box import Box
from tests.hosts.fault import fault

FORWARD = "/proc/sys/net/ipv4/ip_forward"


@fault("forward/runtime-off")
def runtime_off(box: Box, random: Random) -> str:
    """Somebody ran `sysctl -w net.ipv4.ip_forward=0`."""
    box.write(FORWARD, "0\n")
    return "net.ipv4.ip_forward=0"


@fault("forward/interface-off")
def interface_off(box: Box, random: Random) -> str:
    """Forwarding is on, but not on one bridge: what comes from it stays."""
    name = random.choice(bridges(box))
    box.write(f"/proc/sys/net/ipv4/conf/{name}/forwarding", "0\n")
    return f"net.ipv4.conf.{name}.forwarding=0"


@fault("forward/file-off")
def file_off(box: Box, random: Random) -> str:
    """A hardening package's file turns forwarding off at each boot, and now."""
    box.write("/etc/sysctl.d/99-hardening.conf", "# CIS 3.3.1\nnet.ipv4.ip_forward = 0\nkernel.dmesg_restrict = 1\n")
    box.write(FORWARD, "0\n")
    return "net.ipv4.ip_forward=0, and in /etc/sysctl.d/99-hardening.conf"


def bridges(box: Box) -> list[str]:
    """Docker's bridge interfaces in the box, sorted."""
    found = box.run(["sh", "-c", "ls /sys/class/net"]).stdout.split()
    return sorted(name for name in found if name == "docker0" or name.startswith("br-"))


def rules(box: Box, table: str = "nat") -> list[str]:
    """The rules of a table as `iptables -S` prints them, without policies and chains."""
    listed = box.run(["iptables", "-t", table, "-S"]).stdout.splitlines()
    return [line for line in listed if line.startswith("-A ")]


@fault("firewall/nat-flushed")
def nat_flushed(box: Box, random: Random) -> str:
    """`iptables -t nat -F`, as old how-tos say."""
    box.run(["iptables", "-t", "nat", "-F"])
    return "iptables -t nat -F"


@fault("firewall/ruleset-flushed")
def ruleset_flushed(box: Box, random: Random) -> str:
    """The nftables service was restarted: its first line is `flush ruleset`."""
    box.run(["nft", "flush", "ruleset"])
    return "nft flush ruleset"


@fault("firewall/nat-rule-gone")
def nat_rule_gone(box: Box, random: Random) -> str:
    """One rule of the nat table is gone."""
    return _delete(box, "nat", random.choice(rules(box)))


@fault("firewall/masquerade-gone")
def masquerade_gone(box: Box, random: Random) -> str:
    """The masquerading of one network is gone: its containers reach nothing outside."""
    found = [rule for rule in rules(box) if "-j MASQUERADE" in rule and " ! -o " in rule]
    return _delete(box, "nat", random.choice(found))


@fault("firewall/dnat-gone")
def dnat_gone(box: Box, random: Random) -> str:
    """The translation of one published port is gone."""
    return _delete(box, "nat", random.choice([rule for rule in rules(box) if "-j DNAT" in rule]))


@fault("firewall/filter-rule-gone")
def filter_rule_gone(box: Box, random: Random) -> str:
    """One of Docker's rules in the filter table is gone."""
    return _delete(box, "filter", random.choice([rule for rule in rules(box, "filter") if "DOCKER" in rule]))


def _delete(box: Box, table: str, rule: str) -> str:
    deletion = rule.replace("-A ", "-D ", 1)
    box.run(["iptables", "-t", table, *shlex.split(deletion)])
    return f"iptables -t {table} {deletion}"


@fault("firewall/forward-drop-first")
def forward_drop_first(box: Box, random: Random) -> str:
    """A rule of somebody else before Docker's drops all that is forwarded."""
    box.run(["iptables", "-I", "FORWARD", "1", "-m", "comment", "--comment", "site policy", "-j", "DROP"])
    return "iptables -I FORWARD 1 -j DROP"


@fault("firewall/nft-drop")
def nft_drop(box: Box, random: Random) -> str:
    """A native nftables table (firewalld, a hand-made nftables.conf) drops what is forwarded, whatever Docker accepts."""
    chain = "type filter hook forward priority 10; policy drop; ct state established accept;"
    box.run(["nft", "-f", "-"], input=f"table inet site {{\nchain forward {{\n{chain}\n}}\n}}\n")
    return "nft table inet site, forward policy drop"


@fault("firewall/user-rules")
def user_rules(box: Box, random: Random) -> str:
    """No damage: rules of the user that every repair must leave byte for byte."""
    ours = "-m comment --comment ours"
    box.run(f"iptables -I DOCKER-USER -s 203.0.113.0/24 {ours} -j DROP".split())
    box.run(f"iptables -t nat -A PREROUTING -p tcp --dport 2222 {ours} -j REDIRECT --to-ports 22".split())
    chain = 'type filter hook input priority 5;\ncounter comment "ours"'
    box.run(["nft", "-f", "-"], input=f"table inet mine {{\nchain input {{\n{chain}\n}}\n}}\n")
    return "rules of the user's own added"
