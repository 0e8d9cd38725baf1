"""Which file loads a rule or a policy of a packet filter again."""

from pathlib import Path

import pytest

from doctor.collect.network.rule_files import rule_files
from doctor.facts.network.host_files import HostNetworkFiles
from doctor.facts.network.rule_files import RuleFiles
from doctor.formats.network import ip_command
from doctor.host.recorded import RootHost

NFT = """flush ruleset
table inet own {
  chain forward {
    type filter hook forward priority filter; policy drop;
    iifname "br-app" ip saddr 10.88.0.0/24 counter drop comment "x"
  }
}
include "/etc/nftables.d/*.nft"
"""
FILES = {
    "etc/nftables.conf": NFT,
    "etc/nftables.d/a.nft": "table ip raw2 {\n chain c {\n  ip daddr 192.0.2.1 reject\n }\n}\n",
    "etc/iptables/rules.v4": "*mangle\n:FORWARD ACCEPT [0:0]\n[1:2] -A FORWARD -o eth0 -p tcp -m tcp --dport 25 -j DROP\nCOMMIT\n",
    "etc/ufw/before.rules": "*filter\n:ufw-before-forward - [0:0]\n-A ufw-before-forward -i docker0 -j DROP\nCOMMIT\n",
    "etc/ufw/user6.rules": "*filter\n-A ufw6-user-forward -s fd00:88::/64 -j REJECT\nCOMMIT\n",
    "etc/default/ufw": 'IPV6=yes\nDEFAULT_FORWARD_POLICY="DROP"\n',
    "etc/firewalld/zones/public.xml": '<?xml version="1.0"?>\n<zone>\n  <rule family="ipv4">\n    <reject/>\n  </rule>\n</zone>\n',
    "etc/firewalld/zones/home.xml": "<zone><service name='ssh'/></zone>\n",
    "etc/firewalld/policies/to-docker.xml": '<policy\n  target="DROP">\n</policy>\n',
    "etc/firewalld/direct.xml": (
        '<?xml version="1.0"?>\n<direct>\n  <rule ipv="ipv4" table="filter" chain="FORWARD" priority="0">-i br-app -j REJECT</rule>\n'
        '  <passthrough ipv="ipv4">-t raw -A PREROUTING -i br-app -j DROP</passthrough>\n</direct>\n'
    ),
}


def read(top: Path, *commands: str) -> RuleFiles:
    for name, text in FILES.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(text)
    found = tuple(one for line in commands for one in ip_command.commands(line, path="/etc/rc.local", number=3))
    return rule_files(RootHost(str(top)), HostNetworkFiles(commands=found))


@pytest.mark.parametrize(
    ("place", "rule"),
    [
        ("/etc/nftables.conf:4", ("inet", "own", "forward", "")),
        ("/etc/nftables.conf:5", ("inet", "own", "forward", 'iifname "br-app" ip saddr 10.88.0.0/24 counter packets 3 bytes 9 drop comment "x"')),
        ("/etc/nftables.d/a.nft:3", ("ip", "raw2", "c", "ip daddr 192.0.2.1 reject")),
        ("/etc/iptables/rules.v4:3", ("ip", "mangle", "FORWARD", "-A FORWARD -o eth0 -p tcp -m tcp --dport 25 -j DROP")),
        ("/etc/ufw/before.rules:3", ("ip", "filter", "ufw-before-forward", "-A ufw-before-forward -i docker0 -j DROP")),
        ("/etc/ufw/user6.rules:2", ("ip6", "filter", "ufw6-user-forward", "-s fd00:88::/64 -j REJECT --reject-with icmp6-port-unreachable")),
        ("/etc/default/ufw:2", ("ip", "filter", "FORWARD", "")),
        ("/etc/firewalld/direct.xml:3", ("ip", "filter", "FORWARD_direct", "-A FORWARD_direct -i br-app -j REJECT --reject-with icmp-port-unreachable")),
        ("/etc/firewalld/direct.xml:4", ("ip", "raw", "PREROUTING", "-A PREROUTING -i br-app -j DROP")),
        ("/etc/firewalld/zones/public.xml:4", ("inet", "firewalld", "filter_FWD_public_deny", "ip saddr 10.88.0.0/24 reject")),
        ("/etc/firewalld/policies/to-docker.xml:2", ("inet", "firewalld", "filter_FWD_to-docker", "drop")),
        ("/etc/firewalld/zones/public.xml:4", ("ip", "filter", "IN_public_deny", "-A IN_public_deny -j REJECT")),
        ("", ("inet", "firewalld", "filter_IN_home", "reject")),
        ("", ("inet", "own", "filter_FWD_public_deny", "drop")),
        ("/etc/rc.local:3", ("ip", "filter", "DOCKER-USER", "-A DOCKER-USER -i br-app -j DROP")),
        ("", ("ip", "filter", "DOCKER-USER", "-A DOCKER-USER -i br-app -j REJECT")),
        ("", ("inet", "own", "input", "")),
        ("", ("ip6", "mangle", "FORWARD", "-A FORWARD -o eth0 -p tcp -m tcp --dport 25 -j DROP")),
    ],
)  # fmt: skip
def test_the_line_of_a_rule_is_found(tmp_path: Path, place: str, rule: tuple[str, str, str, str]) -> None:
    assert read(tmp_path, "iptables -w -I DOCKER-USER -i br-app -j DROP || true").source(*rule) == place


def test_odd_contents_are_no_error(tmp_path: Path) -> None:
    (tmp_path / "etc/firewalld").mkdir(parents=True)
    (tmp_path / "etc/firewalld/direct.xml").write_bytes(b"<rule" * 20_000 + b"\0\xff")
    (tmp_path / "etc/nftables.conf").write_text("table {{{{")
    (tmp_path / "etc/iptables").mkdir()
    (tmp_path / "etc/iptables/rules.v4").write_text("*\n:\n-A\n-A X -m\n[\n-I FORWARD '\n:FORWARD\n")
    rule_files(RootHost(str(tmp_path)), HostNetworkFiles())
