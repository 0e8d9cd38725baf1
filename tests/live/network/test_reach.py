"""Seen from outside, port by port: no repair of the firewall opens what was closed, and a lost way out is restored."""

import json
from collections.abc import Iterator

import pytest

from tests.hosts.admin_rules import Wish
from tests.hosts.box import Box
from tests.hosts.campaign.reach import Field, field, of_seed, versions_of
from tests.hosts.outside import ADDRESS, BOX_ADDRESS
from tests.hosts.reach import ADDRESS6, BANNED, BOX_ADDRESS6, TRUSTED, Reached

pytestmark = [pytest.mark.live, pytest.mark.timeout(180)]

BEYOND = "192.0.2.80"
"""An address outside that only a default route leads to."""

SOURCES = Wish(
    "iptables -I FORWARD -i eth0 -p tcp --dport 80 ! -s 10.0.0.0/8 -m conntrack --ctstate NEW -j DROP", flushed=True
)
TABLE = Wish(
    "nft 'table inet fw { chain forward { type filter hook forward priority 10; policy accept;"
    " iifname eth0 tcp dport 80 ip saddr != 10.0.0.0/8 drop; }; }'",
    flushed=False,
)
USER = Wish("iptables -I DOCKER-USER -i eth0 -s 203.0.113.0/24 -j DROP", flushed=False)


@pytest.fixture(scope="module")
def place(can_box: None) -> Iterator[Field]:
    with field() as ready:
        yield ready


def test_from_outside_published_ports_are_reached_and_nothing_else(place: Field) -> None:
    """The judge itself: what a healthy host lets in, and what an administrator's rule takes away."""
    place.reset()
    healthy = place.scan()
    names = {found.target for found in healthy}
    assert names == {"host:8080", "host:8081", "host:7000", "host:5353/udp", "host:7001/udp", "web:80", "api:80"}
    place.box.run(["sh", "-ec", SOURCES.text])
    closed = place.scan()
    assert Reached(TRUSTED, "host:8080") in closed
    assert Reached(ADDRESS, "host:8080") in healthy - closed


@pytest.mark.parametrize(
    ("rule", "fault"),
    [
        pytest.param(SOURCES, "nothing", id="sources"),
        pytest.param(TABLE, "nothing", id="nft"),
        pytest.param(SOURCES, "reject first", id="sources below a reject"),
        pytest.param(SOURCES, "FORWARD flushed", id="sources and a flush"),
        pytest.param(USER, "tables deleted", id="DOCKER-USER and a flush"),
        pytest.param(TABLE, "nft table drops", id="two tables"),
    ],
)
def test_no_repair_opens_what_a_rule_closes(place: Field, rule: Wish, fault: str) -> None:
    found, said = place.opened(rule, fault)
    assert found == frozenset(), said


@pytest.mark.parametrize("seed", [3])
def test_no_repair_opens_what_a_rule_at_random_closes(place: Field, seed: int) -> None:
    """A sample; ``python -m tests.hosts.campaign.reach`` runs as many as wanted."""
    rule, fault = of_seed(seed)
    found, said = place.opened(rule, fault)
    assert found == frozenset(), f"{rule.text}, {fault}: {said}"


@pytest.mark.parametrize(
    ("key", "question"),
    [
        ("net.ipv4.ip_forward", "network/ip-forward-off:net.ipv4.ip_forward"),
        ("net.ipv4.conf.eth0.forwarding", "network/interface-forwarding-off:eth0"),
    ],
)
def test_forwarding_is_not_turned_on_for_everyone(place: Field, key: str, question: str) -> None:
    """With the policy ACCEPT, the networks behind this host and unpublished ports would be open: a question."""
    place.reset()
    box = place.box
    box.run(["sh", "-ec", f"iptables -P FORWARD ACCEPT; rm -rf /var/lib/doctor/metadata; sysctl -qw {key}=0"])
    try:
        closed = place.scan()
        fix = box.doctor("fix", "network", "--apply", "--yes")
        assert fix.returncode == 1, fix.stdout + fix.stderr
        assert f"--choose {question}=closed" in fix.stdout
        assert place.scan() == closed
        fix = box.doctor("fix", "network", "--choose", f"{question}=closed", "--apply", "--yes")
        assert fix.returncode == 0, fix.stdout + fix.stderr
        opened = {found.target for found in place.scan() - closed}
        assert {"host:8080", "host:8081"} <= opened
        assert opened.isdisjoint({"lan:80", "web:81", "api:81"})
        assert box.doctor("undo", "--yes").returncode == 0
        assert place.scan() == closed
        assert "-P FORWARD ACCEPT" in box.run(["iptables", "-S", "FORWARD"]).stdout
    finally:
        box.run(["sysctl", "-qw", "net.ipv4.ip_forward=0", "net.ipv4.ip_forward=1"])


def test_new_interfaces_do_not_forward_for_everyone(place: Field) -> None:
    """An interface of others, such as a VPN's, takes the setting for new ones, too: a question with the policy ACCEPT."""
    place.reset()
    box, key = place.box, "net.ipv4.conf.default.forwarding"
    question = f"network/default-forwarding-off:{key}"
    box.run(["sh", "-ec", f"iptables -P FORWARD ACCEPT; rm -rf /var/lib/doctor/metadata; sysctl -qw {key}=0"])
    try:
        fix = box.doctor("fix", "network", "--apply", "--yes")
        assert f"--choose {question}=closed" in fix.stdout, fix.stdout + fix.stderr
        assert box.run(["sysctl", "-n", key]).stdout == "0\n"
        fix = box.doctor("fix", "network", "--choose", f"{question}=closed", "--apply", "--yes")
        assert fix.returncode == 0, fix.stdout + fix.stderr
        assert box.run(["sysctl", "-n", key]).stdout == "1\n"
        assert "-P FORWARD DROP" in box.run(["iptables", "-S", "FORWARD"]).stdout
        assert box.doctor("undo", "--yes").returncode == 0
        assert "-P FORWARD ACCEPT" in box.run(["iptables", "-S", "FORWARD"]).stdout
    finally:
        box.run(["sysctl", "-qw", f"{key}=1"])


@pytest.fixture(scope="module")
def place6(can_box: None) -> Iterator[Field]:
    with field(ipv6=True) as ready:
        yield ready


def test_from_outside_ipv6_is_reached_as_ipv4_is(place6: Field) -> None:
    """The judge of the next test: each port that IPv4 has open, and none besides."""
    names = {found.target for found in place6.scan()}
    assert {name for name in names if "IPv6" in name} == {f"{name} (IPv6)" for name in names if "IPv6" not in name}


@pytest.mark.parametrize("seed", [17, 9])
def test_no_repair_opens_ipv6(place6: Field, seed: int) -> None:
    """A sample of ``python -m tests.hosts.campaign.reach --ipv6``: IPv6 broken alone, and both families."""
    rule, fault = of_seed(seed)
    found, said = place6.opened(rule, fault, versions_of(seed))
    assert found == frozenset(), f"{rule.text}, {fault}: {said}"
    assert "resolved by" in said


def test_rules_of_docker_user_are_restored_or_are_named(place: Field) -> None:
    """With a healthy scan's record they are in force again; without, the finding stays and the exit code is 1."""
    place.reset()
    place.box.run(["sh", "-ec", USER.text])
    assert place.box.doctor("scan").returncode == 0
    place.box.run(["nft", "flush", "ruleset"])
    open_router = Reached(ADDRESS, "lan:80")
    assert open_router in place.scan()
    assert place.box.doctor("fix", "firewall", "--apply", "--yes").returncode == 0
    healed = place.scan()
    assert open_router not in healed
    assert Reached(TRUSTED, "host:8080") in healed
    assert Reached(BANNED, "host:8080") not in healed

    place.box.run(["rm", "/var/lib/doctor/metadata/network.json"])
    place.box.run(["sh", "-c", "iptables -F; iptables -X"], check=False)
    fix = place.box.doctor("fix", "firewall", "--apply", "--yes")
    assert fix.returncode == 1
    assert "no backup or rule file" in fix.stdout
    assert place.box.doctor("scan", "--select", "firewall").returncode == 1
    chosen = "firewall/docker-user-missing:DOCKER-USER=empty"
    assert place.box.doctor("fix", "firewall", "--choose", chosen, "--apply", "--yes").returncode == 0


NFT_USER = """
iptables -I DOCKER-USER -i eth0 -s 203.0.113.0/24 -j DROP
iptables -I DOCKER-USER -i eth0 -p tcp -m multiport --dports 80,8080:8090 ! -s 10.0.0.0/8 -j REJECT
iptables -I DOCKER-USER -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
iptables -N office
iptables -A office ! -s 192.0.2.0/24 -p udp --dport 53 -j DROP
iptables -I DOCKER-USER 2 -i eth0 -j office
"""


def test_rules_of_docker_user_are_restored_from_a_file_for_nft(place: Field) -> None:
    """The ruleset was written where the nftables service loads it; flushed, each rule is again as iptables had it."""
    place.reset()
    box = place.box
    box.run(["sh", "-ec", NFT_USER])
    good, reached = user_rules(box), place.scan()
    link = "/etc/systemd/system/sysinit.target.wants/nftables.service"
    listed = 'mkdir -p /etc/nftables.d; nft list ruleset > /etc/nftables.d/all.nft; ln -s x "$0"'
    box.run(["sh", "-ec", f"mkdir -p {link.rpartition('/')[0]}; {listed}", link])
    box.write("/etc/nftables.conf", 'include "/etc/nftables.d/*.nft"\n')
    try:
        box.run(["sh", "-c", "rm -f /var/lib/doctor/metadata/network.json; nft flush ruleset"])
        assert user_rules(box) == []
        fix = box.doctor("fix", "firewall", "--apply", "--yes")
        assert fix.returncode == 0, fix.stdout + fix.stderr
        assert "from /etc/nftables.d/all.nft" in fix.stdout
        assert user_rules(box) == good
        assert place.scan() <= reached
    finally:
        box.run(["rm", "-rf", "/etc/nftables.d", "/etc/nftables.conf", link])


def user_rules(box: Box) -> list[str]:
    """The rules of DOCKER-USER and of the chain it leads to."""
    lines = box.run(["iptables-save", "-t", "filter"]).stdout.splitlines()
    return [line for line in lines if line.startswith(("-A DOCKER-USER", "-A office"))]


def defaults(box: Box) -> list[str]:
    """The gateways of both families' default routes."""
    found = []
    for family in ("-4", "-6"):
        routes = json.loads(box.run(["ip", family, "-j", "route", "show", "default"]).stdout or "[]")
        found += [route["gateway"] for route in routes if "gateway" in route]
    return found


def test_a_lost_default_route_is_restored_as_it_was(can_box: None) -> None:
    """Both families: as the last healthy scan saw them, then as the host's own settings say; undo takes them away again."""
    with Box() as box:
        box.run(
            ["sh", "-ec", f"ip -6 addr add {BOX_ADDRESS6}/64 dev eth0 nodad; ip -6 route add default via {ADDRESS6}"]
        )
        box.outside(["ip", "addr", "add", f"{BEYOND}/32", "dev", "lo"])
        box.start_dockerd("--live-restore")
        box.load_images()
        box.docker("run", "-d", "--name", "web", "com:1", "httpd", "-f", "-p", "80", "-h", "/www")
        fetch = ("exec", "web", "wget", "-qO-", "-T", "1", f"http://{BEYOND}/")
        assert box.docker(*fetch) == BOX_ADDRESS
        assert box.doctor("scan").returncode == 0

        box.run(["sh", "-ec", "ip route del default; ip -6 route del default"])
        assert box.docker(*fetch, check=False) == ""
        fix = box.doctor("fix", "network", "--apply", "--yes")
        print(fix.stdout, fix.stderr)
        assert fix.returncode == 0
        assert defaults(box) == [ADDRESS, ADDRESS6]
        assert box.docker(*fetch) == BOX_ADDRESS
        assert box.doctor("undo", "--yes").returncode == 0
        assert defaults(box) == []

        box.run(["rm", "/var/lib/doctor/metadata/network.json"])
        quiet = box.doctor("scan", "--select", "network", "--format", "json")
        assert (quiet.returncode, [item["severity"] for item in json.loads(quiet.stdout)["findings"]]) == (0, ["info"])
        box.write(
            "/etc/network/interfaces",
            f"iface eth0 inet static\n address {BOX_ADDRESS}/24\n gateway {ADDRESS}\n"
            f"iface eth0 inet6 static\n address {BOX_ADDRESS6}/64\n gateway {ADDRESS6}\n",
        )
        assert box.doctor("fix", "network", "--apply", "--yes").returncode == 0
        assert defaults(box) == [ADDRESS, ADDRESS6]
