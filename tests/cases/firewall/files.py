"""Cases of settings and files that decide what rules there are."""

from collections.abc import Iterator

from tests.cases.firewall.host import Host
from tests.cases.firewall.nft import foreign, nft
from tests.cases.firewall.rules import SAVE_26
from tests.cases.firewall.story import Story, case


def iptables_false() -> Iterator[Story]:
    """Dockerd may make no rules."""
    off = '{"iptables": false}\n'
    chains = "".join(line for line in SAVE_26.splitlines(True) if not line.startswith("-A") and "DOCKER" not in line)
    yield case(
        "iptables-false",
        "no-nat",
        "dockerd may make no rules and nobody else does",
        Host(chains).file("/etc/docker/daemon.json", off),
        ("setting", "iptables"),
        fix="manual",
    )
    yield case(
        "iptables-false",
        "until-reboot",
        "dockerd may make no rules since its last start; older ones still work",
        Host().file("/etc/docker/daemon.json", off),
        ("setting", "iptables"),
        fix="manual",
    )
    own = Host(
        chains.replace(
            ":POSTROUTING ACCEPT [0:0]\n", ":POSTROUTING ACCEPT [0:0]\n-A POSTROUTING -o eth0 -j MASQUERADE\n"
        )
    )
    yield case(
        "iptables-false",
        "healthy-own-nat",
        "an administrator masquerades everything himself",
        own.file("/etc/docker/daemon.json", off),
    )
    networks = {"set": [{"prefix": {"addr": "172.16.0.0", "len": 12}}, {"prefix": {"addr": "10.88.0.0", "len": 24}}]}
    source = {"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": networks}}
    out = {"match": {"op": "==", "left": {"meta": {"key": "oifname"}}, "right": "eth0"}}
    table = nft("ip", "site", "postrouting", "accept", [source, out, {"masquerade": None}], kind="nat")
    yield case(
        "iptables-false",
        "healthy-own-table-of-nft",
        "an administrator masquerades the networks in a table of nft",
        foreign(table, "ip site", save=chains).file("/etc/docker/daemon.json", off),
    )
    elsewhere = {"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": "10.1.2.3"}}
    table = nft("ip", "site", "postrouting", "accept", [elsewhere, out, {"masquerade": None}], kind="nat")
    yield case(
        "iptables-false",
        "table-of-nft-for-others",
        "a table of nft masquerades an address that no container has",
        foreign(table, "ip site", save=chains).file("/etc/docker/daemon.json", off),
        ("setting", "iptables"),
        fix="manual",
    )
    yield case(
        "forward-policy-accept",
        "engine-26",
        "the host forwarded before dockerd started",
        Host().replace(":FORWARD DROP", ":FORWARD ACCEPT"),
        ("firewall", "iptables FORWARD"),
        fix="none",
    )
    yield case(
        "forward-policy-accept",
        "was-closed",
        "the policy was DROP at the last healthy scan, and dockerd recreated its rules after a flush",
        Host().replace(":FORWARD DROP", ":FORWARD ACCEPT").recorded(),
        ("firewall", "iptables FORWARD"),
    )
    yield case(
        "forward-policy-accept",
        "was-open",
        "the policy was ACCEPT at the last healthy scan",
        Host().replace(":FORWARD DROP", ":FORWARD ACCEPT").recorded(policy="ACCEPT"),
        ("firewall", "iptables FORWARD"),
        fix="none",
    )


def saved_rules() -> Iterator[Story]:
    """Rules are loaded from a file at the next boot."""
    saved = SAVE_26.replace(
        "COMMIT\n*nat",
        "-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\n-A DOCKER-USER -s 203.0.113.0/24 -j DROP\nCOMMIT\n*nat",
    )
    persistent = (
        Host()
        .file("/etc/iptables/rules.v4", saved)
        .link(
            "/etc/systemd/system/multi-user.target.wants/netfilter-persistent.service",
            "/lib/systemd/system/netfilter-persistent.service",
        )
    )
    yield case(
        "saved-docker-rules",
        "iptables-persistent",
        "iptables-save was run into the file for the next boot",
        persistent,
        ("file", "/etc/iptables/rules.v4"),
    )
    yield case(
        "saved-docker-rules",
        "healthy-own-rules",
        "the file holds an administrator's own rules",
        Host().file(
            "/etc/iptables/rules.v4",
            "*filter\n:INPUT DROP [0:0]\n:DOCKER-USER - [0:0]\n-A DOCKER-USER -s 203.0.113.0/24 -j DROP\nCOMMIT\n",
        ),
    )


def nftables_service() -> Iterator[Story]:
    """A service flushes everything when it starts."""
    conf = "#!/usr/sbin/nft -f\n\nflush ruleset\n\ntable inet filter {\n}\n"
    enabled = (
        Host()
        .file("/etc/nftables.conf", conf)
        .link("/etc/systemd/system/sysinit.target.wants/nftables.service", "/lib/systemd/system/nftables.service")
    )
    yield case(
        "nftables-service-flushes",
        "debian",
        "Debian's stock nftables.conf, and the service was enabled",
        enabled,
        ("file", "/etc/nftables.conf"),
        fix="manual",
    )
    yield case(
        "nftables-service-flushes",
        "healthy-disabled",
        "Debian's stock nftables.conf, the service as installed",
        Host().file("/etc/nftables.conf", conf),
    )


def ufw() -> Iterator[Story]:
    """Ufw is on and published ports go past it."""
    yield case(
        "ufw-bypassed",
        "enabled",
        "ufw is on and ports are published",
        Host().file("/etc/ufw/ufw.conf", "ENABLED=yes\nLOGLEVEL=low\n"),
        ("service", "ufw"),
        fix="none",
    )
    asked = Host().file("/etc/ufw/ufw.conf", "ENABLED=yes\n")
    asked.put(":ufw-user-forward - [0:0]", "-A FORWARD -j DOCKER-USER").put(
        "-A DOCKER-USER -j ufw-user-forward", "-A DOCKER-USER"
    )
    yield case("ufw-bypassed", "healthy-asked", "DOCKER-USER asks ufw first, as ufw-docker sets it up", asked)
    yield case(
        "ufw-bypassed", "healthy-off", "ufw is installed and off", Host().file("/etc/ufw/ufw.conf", "ENABLED=no\n")
    )


CASES = tuple(case for story in (iptables_false, saved_rules, nftables_service, ufw) for case in story())
