"""Cases of tables of nftables beside Docker's rules."""

from collections.abc import Iterator

from tests.cases.firewall.host import Host
from tests.cases.firewall.nft import ACCEPT_BRIDGES, ACCEPT_DNAT, ESTABLISHED, REJECT_REST, foreign, nft
from tests.cases.firewall.story import Story, case


def base_chain_drop() -> Iterator[Story]:
    """Another table forwards nothing that it does not know."""
    drop = nft("inet", "fw", "forward", "drop", ESTABLISHED)
    yield case(
        "foreign-base-chain-drop",
        "policy-drop",
        "a table of nft forwards nothing that it does not know",
        foreign(drop, "inet fw"),
        ("nft-chain", "inet fw forward"),
    )
    kind = nft("inet", "fw", "forward", "drop", ESTABLISHED, ACCEPT_BRIDGES, ACCEPT_DNAT)
    yield case(
        "foreign-base-chain-drop",
        "healthy-accepts",
        "the same table with accepts for containers",
        foreign(kind, "inet fw"),
    )
    unsure = nft(
        "inet",
        "fw",
        "forward",
        "drop",
        [
            {"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": "@trusted"}},
            {"accept": None},
        ],
    )
    yield case(
        "foreign-base-chain-drop",
        "healthy-unknown-set",
        "whether a set holds the containers can't be seen: no finding",
        foreign(unsure, "inet fw"),
    )


def base_chain_wish() -> Iterator[Story]:
    """Another table ends traffic that somebody named."""
    other = {"match": {"op": "!=", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": "192.0.2.2"}}
    uplink = {"match": {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": "eth0"}}
    new = {"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": "new"}}
    for name, about, rule in (
        ("sources", "a table of nft lets one address reach containers", [uplink, other, {"drop": None}]),
        ("new-connections", "a table of nft lets nothing new come in", [uplink, new, {"drop": None}]),
    ):
        yield case(
            "foreign-base-chain-drop",
            f"wish-{name}",
            about,
            foreign(nft("inet", "fw", "forward", "accept", rule), "inet fw"),
            ("nft-chain", "inet fw forward"),
            fix="manual",
        )


def firewalld_zone() -> Iterator[Story]:
    """Firewalld knows Docker's bridges, or does not."""
    zone = nft("inet", "firewalld", "forward", "accept", ESTABLISHED, ACCEPT_DNAT, REJECT_REST)
    yield case(
        "firewalld-no-docker-zone",
        "unknown-bridge",
        "firewalld was installed after docker",
        foreign(zone, "inet firewalld"),
        ("network", "bridge"),
        ("network", "app"),
        fix="manual",
    )
    known = nft("inet", "firewalld", "forward", "accept", ESTABLISHED, ACCEPT_DNAT, ACCEPT_BRIDGES, REJECT_REST)
    yield case(
        "firewalld-no-docker-zone",
        "healthy-zone",
        "firewalld knows Docker's bridges",
        foreign(known, "inet firewalld").file(
            "/etc/firewalld/zones/docker.xml", '<zone target="ACCEPT"><interface name="docker0"/></zone>\n'
        ),
    )


def bridge_family() -> Iterator[Story]:
    """A table of family bridge."""
    yield case(
        "bridge-family-drop",
        "policy-drop",
        "a table of family bridge forwards no frame",
        foreign(nft("bridge", "bf", "forward", "drop"), "bridge bf"),
        ("nft-chain", "bridge bf forward"),
        fix="manual",
    )
    yield case(
        "bridge-family-drop",
        "healthy-accept",
        "a table of family bridge with the policy accept",
        foreign(nft("bridge", "bf", "forward", "accept"), "bridge bf"),
    )


def translations() -> Iterator[Story]:
    """Another table translates packets in the engine's stead, or keeps them from being tracked."""
    saddr = {"payload": {"protocol": "ip", "field": "saddr"}}
    app = {"match": {"op": "==", "left": saddr, "right": {"prefix": {"addr": "10.88.0.0", "len": 24}}}}
    port = {"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": 8081}}
    early = nft("ip", "site", "prerouting", "accept", [app, {"notrack": None}]).replace('"prio": 10', '"prio": -300')
    yield case(
        "raw-notrack",
        "of-a-network",
        "a table of nft leaves the packets of a network untracked",
        foreign(early, "ip site"),
        ("rule", "ip site forward handle 2"),
        fix="manual",
    )
    late = nft("ip", "site", "prerouting", "accept", [app, {"notrack": None}]).replace('"prio": 10', '"prio": -150')
    yield case(
        "raw-notrack", "healthy-late", "notrack after connection tracking has no effect", foreign(late, "ip site")
    )
    for name, about, address, found in (
        ("other-source", "a table of nft gives packets a source of a former uplink", "203.0.113.5", True),
        ("healthy-own-source", "a table of nft gives packets the host's own address", "198.51.100.1", False),
    ):
        listed = nft("ip", "site", "postrouting", "accept", [app, {"snat": {"addr": address}}]).replace("filter", "nat")
        yield case(
            "foreign-snat",
            name,
            about,
            foreign(listed, "ip site"),
            *([("rule", "ip site forward handle 2")] if found else []),
            fix="manual" if found else "",
        )
    for name, about, target, found in (
        ("nft-elsewhere", "a table of nft sends a published port to an address that nobody has", "10.88.0.99", True),
        ("healthy-nft-same", "a table of nft sends a published port to its container", "10.88.0.2", False),
    ):
        to = {"dnat": {"addr": target, "port": 80}}
        listed = nft("ip", "site", "prerouting", "accept", [port, to]).replace("filter", "nat")
        yield case(
            "nat-hijack",
            name,
            about,
            foreign(listed.replace('"prio": 10', '"prio": -110'), "ip site"),
            *([("rule", "ip site forward handle 2")] if found else []),
            fix="manual" if found else "",
        )


ZONE = """<?xml version="1.0" encoding="utf-8"?>
<zone target="ACCEPT">
  <short>Trusted</short>
  <interface name="docker0"/>
  <interface name='tun0' />
  <forward/>
</zone>
"""


def zone_conflict() -> Iterator[Story]:
    """A zone file binds the engine's bridge."""

    def host(zone: str, *, runs: bool = True) -> Host:
        made = Host()
        made.firewalld = runs
        made.dead = True
        made.save, made.tables = "", []
        made.file("/usr/sbin/dockerd", "")
        made.says("firewall-cmd --zone=trusted --remove-interface=docker0", "")
        return made.file(f"/etc/firewalld/zones/{zone}.xml", ZONE)

    about = "firewalld-zone-conflict"
    yield case(
        about,
        "trusted",
        "an old howto put docker0 into the zone trusted",
        host("trusted"),
        ("link", "docker0"),
    )
    yield case(
        about,
        "internal",
        "docker0 is in a zone that does not accept all",
        host("internal"),
        ("link", "docker0"),
        fix="manual",
    )
    yield case(about, "healthy-not-running", "firewalld is installed and does not run", host("trusted", runs=False))
    both = host("trusted").file("/etc/firewalld/zones/docker.xml", ZONE)
    yield case(about, "healthy-in-both", "the zone docker has it too, and one of them is in force", both)


CASES = tuple(
    case
    for story in (base_chain_drop, base_chain_wish, firewalld_zone, zone_conflict, bridge_family, translations)
    for case in story()
)
