"""Cases of rules that somebody put between Docker's own."""

from collections.abc import Iterator

from tests.cases.firewall.host import Host
from tests.cases.firewall.rules import BR, SAVE_28
from tests.cases.firewall.story import Story, case


def reject_first() -> Iterator[Story]:
    """Somebody else's REJECT stands above or below Docker's rules."""
    reject = "-A FORWARD -j REJECT --reject-with icmp-host-prohibited"
    yield case(
        "foreign-reject-first",
        "rhel-reject",
        "an old iptables service loaded its final REJECT above Docker's rules",
        Host().put(reject, "-A FORWARD -j DOCKER-USER"),
        ("rule", f"filter {reject}"),
    )
    yield case(
        "foreign-reject-first",
        "healthy-reject-last",
        "the same REJECT below Docker's rules harms nothing",
        Host().put(reject, "-A DOCKER -d 172.17"),
    )
    ufw = Host().put("-A FORWARD -j ufw-reject-forward", "-A FORWARD -j DOCKER-USER")
    ufw.put(":ufw-reject-forward - [0:0]", "-A FORWARD -j ufw").put(
        "-A ufw-reject-forward -j REJECT --reject-with icmp-port-unreachable", "COMMIT"
    )
    yield case(
        "foreign-reject-first",
        "ufw",
        "ufw was reloaded after dockerd had started",
        ufw,
        ("rule", "filter -A FORWARD -j ufw-reject-forward"),
    )
    narrow = Host().put("-A FORWARD -s 203.0.113.7/32 -j DROP", "-A FORWARD -j DOCKER-USER")
    narrow.put("-A FORWARD -m set --match-set banned src -j DROP", "-A FORWARD -s 203").put(
        "-A FORWARD -p tcp -m tcp --dport 25 -j DROP", "-A FORWARD -s 203"
    )
    yield case(
        "foreign-reject-first",
        "healthy-narrow-drops",
        "bans of single addresses and ports stand above Docker's rules",
        narrow,
    )


def reject_of_named_traffic() -> Iterator[Story]:
    """Somebody's rule above Docker's names the traffic that it ends: it is meant, and left alone."""
    for name, about, rule in (
        ("sources", "only one network may reach the containers' port 80",
         "-A FORWARD ! -s 10.0.0.0/8 -i eth0 -p tcp -m tcp --dport 80 -j DROP"),
        ("new-connections", "nothing new may come in",
         "-A FORWARD -i eth0 -m conntrack --ctstate NEW -j DROP"),
        ("comment", "a rule that says why it is there",
         '-A FORWARD -m comment --comment "closed until the audit" -j REJECT --reject-with icmp-port-unreachable'),
        ("uplink", "nothing that comes in by the card is forwarded",
         "-A FORWARD -i eth0 -j DROP"),
    ):  # fmt: skip
        yield case(
            "foreign-reject-first",
            f"wish-{name}",
            about,
            Host().put(rule, "-A FORWARD -j DOCKER-USER"),
            ("rule", f"filter {rule}"),
            fix="manual",
        )
    yield case(
        "docker-jump-shadowed",
        "wish-between",
        "an administrator's rule about sources was inserted directly below the jump to DOCKER-USER",
        Host().put("-A FORWARD ! -s 10.0.0.0/8 -i eth0 -j DROP", "-A FORWARD -j DOCKER-ISOLATION-STAGE-1"),
        ("rule", "filter -A FORWARD ! -s 10.0.0.0/8 -i eth0 -j DROP"),
        fix="manual",
    )


def reject_elsewhere() -> Iterator[Story]:
    """Somebody else's DROP stands in a table that is asked apart from Docker's."""
    for table, rule in (
        ("raw", "-A PREROUTING -i docker0 -j DROP"),
        ("mangle", "-A FORWARD -o docker0 -m conntrack --ctstate NEW -j DROP"),
    ):
        yield case(
            "foreign-reject-first",
            f"in-{table}",
            f"a hardening script drops in the table {table}",
            _with_table(table, rule),
            ("rule", f"{table} {rule}"),
            fix="manual",
        )
    yield case(
        "foreign-reject-first",
        "healthy-raw-spoofed",
        "a hardening script drops spoofed sources in the table raw",
        _with_table("raw", "-A PREROUTING -i eth0 -s 10.88.0.0/24 -j DROP"),
    )


def _with_table(table: str, rule: str) -> Host:
    host = Host()
    chain = rule.split()[1]
    host.save += f"*{table}\n:{chain} ACCEPT [0:0]\n{rule}\nCOMMIT\n"
    return host


def jumps_shadowed() -> Iterator[Story]:
    """Something stands between Docker's rules, or one of them stands too late."""
    yield case(
        "docker-jump-shadowed",
        "drop-between",
        "someone put a DROP between Docker's rules",
        Host().put("-A FORWARD -j DROP", f"-A FORWARD -o {BR} -m"),
        ("rule", "filter -A FORWARD -j DROP"),
    )
    yield case(
        "docker-jump-shadowed",
        "user-too-late",
        "DOCKER-USER was re-added at the end",
        Host().without("-A FORWARD -j DOCKER-USER").put("-A FORWARD -j DOCKER-USER", "-A DOCKER -d 172.17"),
        ("rule", "filter -A FORWARD -j DOCKER-USER"),
    )
    doubled = Host()
    rules = [line for line in doubled.save.splitlines(True) if line.startswith("-A FORWARD ")]
    doubled.save = doubled.save.replace(rules[-1], "".join([rules[-1], *rules]))
    yield case(
        "docker-jump-shadowed",
        "healthy-doubled",
        "a saved rule file was loaded over the engine's rules at boot",
        doubled,
    )
    yield case("docker-jump-shadowed", "healthy", "a healthy host of engine 28", Host(SAVE_28, "28.5.2"))


def docker_user_drops() -> Iterator[Story]:
    """DOCKER-USER is closed for everything, or for some."""
    yield case(
        "docker-user-drops",
        "drop-all",
        "an administrator closed DOCKER-USER for everything",
        Host().put("-A DOCKER-USER -j DROP", "-A DOCKER-USER -j RETURN"),
        ("rule", "filter -A DOCKER-USER -j DROP"),
        fix="manual",
    )
    yield case(
        "docker-user-drops",
        "healthy-policy",
        "only one outside network may reach published ports",
        Host().put("-A DOCKER-USER ! -s 203.0.113.0/24 -i eth9 -j DROP", "-A DOCKER-USER -j RETURN"),
    )
    ended = "-A DOCKER-USER ! -s 192.0.2.2/32 -i eth0 -j DROP"
    answers = "-A DOCKER-USER -m state --state RELATED,ESTABLISHED -j ACCEPT"
    yield case(
        "docker-user-drops",
        "example-of-the-documentation",
        "the example of Docker's documentation: one address may reach published ports, and answers pass",
        Host().put(ended, "-A DOCKER-USER -j RETURN").put(answers, ended),
        ("rule", f"filter {ended}"),
        fix="manual",
    )


def isolation() -> Iterator[Story]:
    """Something was put first into the chains that keep networks apart."""
    yield case(
        "isolation-bypassed",
        "return-first",
        "a RETURN was put first into the isolation chain",
        Host().put("-A DOCKER-ISOLATION-STAGE-1 -j RETURN", "-A DOCKER-ISOLATION-STAGE-1 ! -s"),
        ("rule", "filter -A DOCKER-ISOLATION-STAGE-1 -j RETURN"),
    )
    yield case("isolation-bypassed", "healthy", "a healthy host of engine 26", Host())
    yield case(
        "isolation-drops-all",
        "drop-first",
        "a DROP was put first into the second isolation chain",
        Host().put("-A DOCKER-ISOLATION-STAGE-2 -j DROP", f"-A DOCKER-ISOLATION-STAGE-2 -o {BR}"),
        ("rule", "filter -A DOCKER-ISOLATION-STAGE-2 -j DROP"),
    )
    yield case("isolation-drops-all", "healthy", "a healthy host of engine 26", Host())


def postrouting_shadowed() -> Iterator[Story]:
    """Something is exempt from translation before Docker's rules."""
    yield case(
        "nat-postrouting-shadowed",
        "accept-first",
        "a VPN script exempts everything from translation",
        Host().put("-A POSTROUTING -o eth0 -j ACCEPT", "-A POSTROUTING -s 10.88.0.0/24 !"),
        ("rule", "nat -A POSTROUTING -o eth0 -j ACCEPT"),
    )
    yield case(
        "nat-postrouting-shadowed",
        "healthy-other-interface",
        "a VPN script exempts its own interface",
        Host().put("-A POSTROUTING -o tun0 -j ACCEPT", "-A POSTROUTING -s 10.88.0.0/24 !"),
    )


def nat_hijack() -> Iterator[Story]:
    """Something else takes a port."""
    redirect = "-A PREROUTING -p tcp -m tcp --dport 8080 -j REDIRECT --to-ports 3128"
    yield case(
        "nat-hijack",
        "redirect",
        "a proxy takes port 8080",
        Host().put(redirect, "-A PREROUTING -m addrtype"),
        ("port", "web 0.0.0.0:8080->80/tcp"),
        fix="manual",
    )
    yield case(
        "nat-hijack",
        "healthy-other-port",
        "a proxy takes another port",
        Host().put(redirect.replace("8080", "3000"), "-A PREROUTING -m addrtype"),
    )


def dnat_stale() -> Iterator[Story]:
    """A port of a container that is gone, and an administrator's own."""
    stale = "-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.9:80"
    yield case(
        "dnat-stale",
        "loaded-from-file",
        "a saved rule file brought back the port of a dead container",
        Host().put(stale, "-A DOCKER -d 127.0.0.1/32"),
        ("rule", f"nat {stale}"),
    )
    yield case(
        "dnat-stale",
        "healthy-own-dnat",
        "an administrator's own DNAT stands in Docker's chain",
        Host().put(
            "-A DOCKER -p tcp -m tcp --dport 2222 -j DNAT --to-destination 192.0.2.7:22", "-A DOCKER -d 127.0.0.1/32"
        ),
    )


def doctor_leftovers() -> Iterator[Story]:
    """Rules of containers that doctor started: of one whose run was killed, and of one that lives."""
    mark = '-m comment --comment "doctor-runtime:1a2b3c4d"'
    translation = f"-A PREROUTING -p tcp -m addrtype --dst-type LOCAL -m tcp --dport 9001 {mark} -j DNAT --to-destination 172.17.255.254:80"
    forward = f"-A FORWARD -s 172.17.255.254/32 -i docker0 {mark} -j ACCEPT"

    def host(sockets: str) -> Host:
        rules = (
            Host().put(translation, "-A PREROUTING -m addrtype").put(forward, "-A FORWARD -j DOCKER-ISOLATION-STAGE-1")
        )
        return rules.file("/proc/net/unix", f"Num RefCount Protocol Flags Type St Inode Path\n{sockets}")

    yield case(
        "doctor-leftovers",
        "killed",
        "a container of doctor's was killed with all that cleans up after it",
        host("0000000000000000: 00000002 00000000 00000000 0002 01 1109 @doctor-runtime:99999999\n"),
        ("rules", "doctor-runtime:1a2b3c4d"),
    )
    yield case(
        "doctor-leftovers",
        "healthy-running",
        "a container of doctor's runs",
        host("0000000000000000: 00000002 00000000 00000000 0002 01 1109 @doctor-runtime:1a2b3c4d\n"),
    )


CASES = tuple(
    case
    for story in (
        reject_first,
        reject_of_named_traffic,
        reject_elsewhere,
        jumps_shadowed,
        docker_user_drops,
        isolation,
        postrouting_shadowed,
        nat_hijack,
        dnat_stale,
        doctor_leftovers,
    )
    for case in story()
)
