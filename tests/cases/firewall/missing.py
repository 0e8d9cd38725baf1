"""Cases of rules that are gone: flushed all at once, or one by one."""

from collections.abc import Iterator

from tests.cases.firewall.host import Host
from tests.cases.firewall.networks import APP, NETWORKS, network
from tests.cases.firewall.nft import nft
from tests.cases.firewall.rules import BR, FILTER_26, NAT_26, SAVE_26, SAVE_28, SAVE_29
from tests.cases.firewall.story import Story, case

CHECK = "rules-flushed"
USER = ("docker-user-missing", "firewall", "DOCKER-USER")
POLICY = ("forward-policy-accept", "firewall", "iptables FORWARD")


def healthy() -> Iterator[Story]:
    """Rules as each engine and each iptables writes them."""
    yield case(CHECK, "healthy", "a healthy host of engine 26", Host())
    yield case(CHECK, "healthy-engine-28", "a healthy host of engine 28.5", Host(SAVE_28, "28.5.2"))
    yield case(CHECK, "healthy-engine-29", "a healthy host of engine 29 with iptables", Host(SAVE_29, "29.1.3"))
    spelled = Host().replace(
        "-p tcp -m tcp --dport 80 -j ACCEPT", "-p tcp -m conntrack --ctstate NEW -m tcp --dport 80 -j ACCEPT"
    )
    spelled.save = SAVE_26.replace(" -p tcp -m tcp --dport 8081 ", " -p 6 -m tcp --dport 8081:8081 ")
    yield case(CHECK, "healthy-other-spelling", "an older iptables spells a rule in another way", spelled)


def flushed() -> Iterator[Story]:
    """A table, a chain or all of it was flushed."""
    rules = [line for line in SAVE_26.splitlines() if not line.startswith("-A")]
    chains = "\n".join(rules) + "\n"
    filter_only = chains[: chains.index("*nat")] + NAT_26
    yield case(
        CHECK, "filter", "a firewall script ran 'iptables -F'", Host(filter_only).recorded(),
        ("firewall", "filter"), also=(USER,),
    )  # fmt: skip
    nat_only = FILTER_26 + chains[chains.index("*nat") :]
    yield case(CHECK, "nat", "a firewall script ran 'iptables -t nat -F'", Host(nat_only), ("firewall", "nat"))
    gone = Host("").recorded()
    gone.tables = ["inet filter"]
    gone.says("nft -j list table inet filter", nft("inet", "filter", "input", "accept"))
    yield case(
        CHECK,
        "nft-flush-ruleset",
        "the nftables service was restarted, its file flushes everything",
        gone,
        ("firewall", "all"),
        also=(USER, POLICY),
    )
    yield case(
        CHECK, "forward-chain", "someone flushed FORWARD and put a rule of his own there",
        Host().without("-A FORWARD").put("-A FORWARD -i eth9 -j ACCEPT", "-A DOCKER -d 172"), ("firewall", "filter FORWARD"),
    )  # fmt: skip
    yield case(
        CHECK, "engine-28", "'iptables -F' under engine 28",
        Host("".join(line for line in SAVE_28.splitlines(True) if not line.startswith("-A") or line in NAT_26 or "PREROUTING" in line), "28.5.2").recorded(),
        ("firewall", "filter"),
    )  # fmt: skip
    empty = ":INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n"
    yield case(
        CHECK, "ipv6-chains", "'ip6tables -F; ip6tables -X' in both tables, under engine 28 without a network of IPv6",
        Host(SAVE_28, "28.5.2").says("ip6tables-save", f"*filter\n{empty}*nat\n:PREROUTING ACCEPT [0:0]\n{empty}"),
        ("firewall", "filter (IPv6)"),
        also=(
            ("nat-jump-missing", "firewall", "nat OUTPUT (IPv6)"), ("nat-jump-missing", "firewall", "nat PREROUTING (IPv6)"),
        ),
    )  # fmt: skip
    names = (
        "",
        *(f"-{name}" for name in ("BRIDGE", "CT", "FORWARD", "ISOLATION-STAGE-1", "ISOLATION-STAGE-2", "USER")),
    )
    left = empty.replace("COMMIT\n", "".join(f":DOCKER{name} - [0:0]\n" for name in names) + "COMMIT\n")
    nat = (
        "*nat\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:DOCKER - [0:0]\n"
        "-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER\n-A OUTPUT ! -d ::1/128 -m addrtype --dst-type LOCAL -j DOCKER\nCOMMIT\n"
    )
    yield case(
        CHECK, "ipv6-rules", "'ip6tables -F' under engine 28 without a network of IPv6: its chains are left, without rules",
        Host(SAVE_28, "28.5.2").says("ip6tables-save", f"*filter\n{left}{nat}"),
        ("firewall", "filter (IPv6)"),
    )  # fmt: skip


def flushed_without_engine() -> Iterator[Story]:
    """Flushed while no engine ran."""
    dead = Host("").engine_dead(containers_live=True)
    dead.tables = []
    yield case(
        CHECK,
        "engine-dead",
        "everything was flushed while dockerd was dead and containers ran on",
        dead,
        ("firewall", "all"),
        also=(POLICY,),
    )
    idle = Host("").engine_dead(containers_live=False)
    idle.tables = []
    yield case(
        CHECK,
        "idle",
        "after a boot: no engine yet, and other processes have the containers' old pids",
        idle,
        ("firewall", "all"),
        fix="none",
    )


def single_rules() -> Iterator[Story]:
    """One rule, or one chain, is gone."""
    rows: list[tuple[str, str, str, list[str], list[tuple[str, str]]]] = [
        ("masquerade-missing", "deleted", "someone deleted one MASQUERADE", ["-s 10.88.0.0/24 ! -o"], [("network", "app")]),
        ("dnat-missing", "deleted", "someone deleted one DNAT", ["--dport 8081"], [("port", "api 0.0.0.0:8081->80/tcp")]),
        ("nat-jump-missing", "prerouting", "the jump in PREROUTING was deleted", ["-A PREROUTING"], [("firewall", "nat PREROUTING")]),
        ("port-accept-missing", "deleted", "someone deleted the accept of one port", ["-A DOCKER -d 172.17.0.2"], [("port", "web 127.0.0.1:8082->80/tcp")]),
        ("established-missing", "deleted", "the rule for answers of one bridge was deleted", [f"-A FORWARD -o {BR} -m conntrack"], [("network", "app")]),
        ("outbound-accept-missing", "deleted", "the rule for outgoing packets of docker0 was deleted", ["-A FORWARD -i docker0 ! -o"], [("network", "bridge")]),
        ("icc-accept-missing", "deleted", "the rule between containers of docker0 was deleted", ["-A FORWARD -i docker0 -o docker0"], [("network", "bridge")]),
        ("docker-jump-missing", "deleted", "the jump of one bridge to chain DOCKER was deleted", [f"-A FORWARD -o {BR} -j DOCKER"], [("network", "app")]),
        ("isolation-missing", "internal", "half of what closes an internal network was deleted", ["! -d 172.18.0.0/16"], [("network", "inner")]),
        ("docker-user-missing", "jump-deleted", "the jump to DOCKER-USER was deleted", ["-A FORWARD -j DOCKER-USER"], [("firewall", "DOCKER-USER")]),
        ("rule-missing", "hairpin", "the rule for a container's own port was deleted", ["-s 10.88.0.2/32"], [("port", "api 0.0.0.0:8081->80/tcp")]),
    ]  # fmt: skip
    for check, name, about, parts, subjects in rows:
        yield case(check, name, about, Host().without(*parts), *subjects)
    for check in sorted({row[0] for row in rows}):
        yield case(check, "healthy", "a healthy host of engine 26", Host())


def user_chain() -> Iterator[Story]:
    """DOCKER-USER lost what an administrator had put there."""
    check, subject = "docker-user-missing", ("firewall", "DOCKER-USER")
    drop, jump, inner = (
        "-A DOCKER-USER -s 203.0.113.0/24 -i eth0 -j DROP",
        "-A DOCKER-USER -i eth0 -j office",
        "-A office ! -s 192.0.2.0/24 -j DROP",
    )
    about = "dockerd came back after a flush with live-restore: all is there but DOCKER-USER"
    yield case(check, "chain-deleted", about, Host().without("DOCKER-USER"), subject, fix="manual")
    yield case(check, "chain-deleted-was-empty", about, Host().without("DOCKER-USER").recorded(), subject)
    yield case(
        check, "chain-deleted-was-known", about,
        Host().without("DOCKER-USER").recorded(drop, jump, inner, chains=("office",)), subject,
    )  # fmt: skip
    in_file = Host().without("DOCKER-USER").file(
        "/etc/iptables/rules.v4", f"*filter\n:FORWARD ACCEPT [0:0]\n:DOCKER-USER - [0:0]\n{drop}\nCOMMIT\n"
    )  # fmt: skip
    yield case(check, "chain-deleted-in-file", about, in_file, subject)
    conf = '#!/usr/sbin/nft -f\n\ninclude "/etc/nftables.d/*.nft"\n'
    rule = 'iifname "eth0" ip saddr 203.0.113.0/24 counter packets 0 bytes 0 drop'
    chain = "table ip filter {{\n\tchain DOCKER-USER {{\n\t\t{}\n\t\tcounter packets 0 bytes 0 return\n\t}}\n}}\n"
    for name, text, is_enabled in (
        ("in-nft", chain.format(rule), True),
        ("in-nft-not-loaded", chain.format(rule), False),
        ("in-nft-with-a-set", chain.format("ip saddr @banned drop"), True),
    ):
        host = Host().without("DOCKER-USER").file("/etc/nftables.conf", conf).file("/etc/nftables.d/docker.nft", text)
        if is_enabled:
            host.link(
                "/etc/systemd/system/sysinit.target.wants/nftables.service", "/lib/systemd/system/nftables.service"
            )
        yield case(check, f"chain-deleted-{name}", about, host, subject, fix="" if name == "in-nft" else "manual")
    yield case(
        check, "emptied", "somebody, or a restart of dockerd, left DOCKER-USER with nothing but its RETURN",
        Host().recorded(drop), subject, fix="manual",
    )  # fmt: skip
    yield case(
        check, "healthy-changed", "an administrator replaced a rule since the last scan",
        Host().put(drop.replace("203.0.113.0/24", "198.51.100.0/24"), "-A DOCKER-USER -j RETURN").recorded(drop),
    )  # fmt: skip


def apart() -> Iterator[Story]:
    """A network whose containers are kept apart."""
    networks = [network(APP, "app", "10.88.0.0/24", {"enable_icc": "false"}), NETWORKS[0], NETWORKS[2]]
    open_icc = Host().without(f"-A FORWARD -i {BR} -o {BR}")
    open_icc.networks = networks
    yield case(
        "icc-drop-missing", "deleted", "the rule that keeps containers apart was deleted", open_icc, ("network", "app")
    )
    kept = Host().without(f"-A FORWARD -i {BR} -o {BR}")
    kept.put(f"-A FORWARD -i {BR} -o {BR} -j DROP", "-A DOCKER -d 172.17")
    kept.networks = networks
    yield case("icc-drop-missing", "healthy", "a network with icc off has its drop at the end", kept)


def single_rules_of_others() -> Iterator[Story]:
    """One rule is gone under another engine; an administrator's own policy is not a fault."""
    yield case(
        "docker-user-missing", "healthy-own-rules", "an administrator flushed DOCKER-USER and wrote a policy without a final RETURN",
        Host().without("-A DOCKER-USER -j RETURN").put("-A DOCKER-USER -s 203.0.113.0/24 -j DROP", "COMMIT"),
    )  # fmt: skip
    yield case(
        "docker-user-missing", "healthy-engine-down", "an engine whose start failed half-way: its next start makes the chain",
        Host().without("DOCKER-USER").engine_dead(containers_live=True),
    )  # fmt: skip
    yield case(
        "rule-missing", "raw-engine-29", "the guard against direct access was deleted under engine 29",
        Host(SAVE_29, "29.1.3").without("-A PREROUTING -d 10.88.0.2/32"), ("network", "app"),
    )  # fmt: skip
    yield case(
        "docker-jump-missing", "engine-29", "the jump to DOCKER-FORWARD was deleted under engine 29",
        Host(SAVE_29, "29.1.3").without("-A FORWARD -j DOCKER-FORWARD"), ("firewall", "filter FORWARD"),
    )  # fmt: skip


CASES = tuple(
    case
    for story in (healthy, flushed, flushed_without_engine, single_rules, user_chain, apart, single_rules_of_others)
    for case in story()
)
