"""Cases of backends of iptables and of engines that expect others."""

from collections.abc import Iterator

from tests.cases.firewall.host import Host
from tests.cases.firewall.networks import BI
from tests.cases.firewall.nft import docker_bridges, nft
from tests.cases.firewall.rules import BR, FILTER_26, SAVE_26, SAVE_28, SAVE_29
from tests.cases.firewall.story import Story, case

EMPTY = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n"


def mixed() -> Iterator[Story]:
    """The kernel has rules of both backends."""
    yield case(
        "mixed-backends",
        "legacy-policy-drop",
        "an old script set the policy in the other backend",
        Host().both_backends(EMPTY.replace("FORWARD ACCEPT", "FORWARD DROP")),
        ("firewall", "iptables-legacy"),
    )
    left = FILTER_26.replace("FORWARD DROP", "FORWARD ACCEPT")
    yield case(
        "mixed-backends",
        "leftovers",
        "docker was restarted after the switch to nft; its old rules stay in legacy",
        Host().both_backends(left),
        ("firewall", "iptables-legacy"),
    )
    yield case(
        "mixed-backends",
        "others-rules",
        "something else still uses the legacy backend and drops",
        Host().both_backends(EMPTY.replace("COMMIT", "-A FORWARD -i docker0 -j DROP\nCOMMIT")),
        ("firewall", "iptables-legacy"),
        fix="manual",
    )
    yield case(
        "mixed-backends",
        "others-rules-one-network",
        "a rule in the legacy backend rejects what the second network sends",
        Host().both_backends(
            EMPTY.replace("COMMIT", f"-A FORWARD -i {BR} -j REJECT --reject-with icmp-port-unreachable\nCOMMIT")
        ),
        ("firewall", "iptables-legacy"),
        fix="manual",
    )
    yield case(
        "mixed-backends", "healthy-empty-tables", "a mere listing made empty legacy tables", Host().both_backends(EMPTY)
    )


def switched() -> Iterator[Story]:
    """The command leads to the other backend."""
    yield case(
        "alternatives-switched",
        "to-legacy",
        "update-alternatives switched iptables under a running dockerd",
        Host().both_backends(EMPTY, use="legacy"),
        ("command", "iptables"),
    )
    yield case(
        "alternatives-switched",
        "healthy",
        "both backends are installed, the command uses the right one",
        Host().both_backends(EMPTY),
    )


def missing() -> Iterator[Story]:
    """There is no iptables."""
    bare = Host()
    bare.special = [entry for entry in bare.special if entry["path"] != "/usr/sbin/iptables"]
    yield case(
        "iptables-missing", "removed", "the package iptables was removed", bare, ("command", "iptables"), fix="manual"
    )
    yield case("iptables-missing", "healthy", "a healthy host of engine 26", Host())
    script = Host().link("/usr/sbin/iptables", "/opt/hardening/iptables").fails("iptables --version", "kaputt", 3)
    yield case(
        "iptables-fails",
        "replaced-incomplete",
        "a script that took the place of iptables fails, whatever it is asked",
        script,
        ("command", "iptables"),
        fix="manual",
    )
    wrapped = Host().link("/usr/sbin/iptables", "/opt/hardening/iptables")
    yield case(
        "iptables-fails",
        "healthy-wrapped",
        "a script that took the place of iptables calls it",
        wrapped.says("iptables --version", "iptables v1.8.11 (nf_tables)\n"),
    )


def policy() -> Iterator[Story]:
    """The policy of FORWARD under engines that need it or don't."""
    yield case(
        "forward-policy-accept",
        "healthy-engine-28",
        "engine 28 drops by rules of its own",
        Host(SAVE_28, "28.5.2").replace(":FORWARD DROP", ":FORWARD ACCEPT"),
    )


def another_engine() -> Iterator[Story]:
    """Chains of another engine's version."""
    both = Host(
        SAVE_26.replace(":DOCKER-USER - [0:0]\n", ":DOCKER-USER - [0:0]\n:DOCKER-FORWARD - [0:0]\n").replace(
            "-A DOCKER-USER -j RETURN\n", "-A DOCKER-USER -j RETURN\n-A DOCKER-FORWARD -i docker0 -j ACCEPT\n"
        )
    )
    yield case(
        "rules-of-another-engine",
        "downgraded",
        "engine 28 was replaced by 26",
        both,
        ("firewall", "filter"),
        fix="manual",
    )
    yield case("rules-of-another-engine", "healthy", "a healthy host of engine 29", Host(SAVE_29, "29.1.3"))


def engine_with_nftables() -> Iterator[Story]:
    """An engine that writes tables of nftables."""
    backend = '{"firewall-backend": "nftables"}\n'
    gone = Host("", "29.1.3").file("/etc/docker/daemon.json", backend)
    gone.tables = ["inet filter"]
    gone.says("nft -j list table inet filter", nft("inet", "filter", "input", "accept"))
    yield case(
        "engine-table-missing",
        "flushed",
        "'nft flush ruleset' under an engine with nftables",
        gone,
        ("nft-table", "ip docker-bridges"),
    )
    there = Host("", "29.1.3").file("/etc/docker/daemon.json", backend)
    there.tables = ["ip docker-bridges", "ip6 docker-bridges"]
    there.says("nft -j list table ip docker-bridges", docker_bridges("ip", "docker0", BI, BR))
    there.says("nft -j list table ip6 docker-bridges", docker_bridges("ip6"))
    yield case("engine-table-missing", "healthy", "an engine with nftables", there)


def engine_maps() -> Iterator[Story]:
    """The maps of an engine that writes tables of nftables."""
    for name, about, lost, unused, subject, fix in (
        ("element", "an element of a map was deleted", "nat-postrouting-out-jumps", "",
         ("nft-element", f"ip docker-bridges nat-postrouting-out-jumps {BR}"), ""),
        ("lookup", "a base chain was flushed", "", "filter-forward-in-jumps",
         ("nft-chain", "ip docker-bridges filter-FORWARD filter-forward-in-jumps"), ""),
        ("healthy", "all elements are there", "", "", None, ""),
    ):  # fmt: skip
        host = Host("", "29.1.3").file("/etc/docker/daemon.json", '{"firewall-backend": "nftables"}\n')
        host.tables = ["ip docker-bridges"]
        listed = docker_bridges("ip", "docker0", BI, BR, lost=lost, unused=unused)
        host.says("nft -j list table ip docker-bridges", listed)
        yield case("engine-map-missing", name, about, host, *([subject] if subject else []), fix=fix)


CASES = tuple(
    case
    for story in (mixed, switched, missing, policy, another_engine, engine_with_nftables, engine_maps)
    for case in story()
)
