"""Firewalls as distributions and programs make them, beside the engine's rules of each generation: nothing is taken for a fault."""

from pathlib import Path

import pytest

from doctor.facts.path.rules.ruleset import PathRules
from doctor.facts.path.rules.tables import IptablesRules
from doctor.facts.path.way import Way
from doctor.facts.path.world import PathSocket, World
from doctor.formats.firewall import nft_json
from tests.cases.firewall import rules as generations
from tests.unit.facts.path.small_world import ENGINE, WAYS, walked, world

KNOWN = Path(__file__).parent / "known"
UFW = """*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-USER - [0:0]
:ufw-before-forward - [0:0]
:ufw-before-input - [0:0]
:ufw-not-local - [0:0]
:ufw-reject-forward - [0:0]
:ufw-user-forward - [0:0]
:ufw-user-input - [0:0]
-A INPUT -j ufw-before-input
-A INPUT -j ufw-user-input
-A FORWARD -j DOCKER-USER
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A FORWARD -j ufw-before-forward
-A FORWARD -j ufw-reject-forward
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER-USER -j RETURN
-A ufw-before-forward -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-forward -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A ufw-before-forward -j ufw-user-forward
-A ufw-before-input -i lo -j ACCEPT
-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-input -m conntrack --ctstate INVALID -j DROP
-A ufw-before-input -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A ufw-before-input -j ufw-not-local
-A ufw-not-local -m addrtype --dst-type LOCAL -j RETURN
-A ufw-not-local -m addrtype --dst-type MULTICAST -j RETURN
-A ufw-not-local -m limit --limit 3/min --limit-burst 10 -j LOG --log-prefix "[UFW BLOCK] "
-A ufw-not-local -j DROP
-A ufw-reject-forward -j REJECT --reject-with icmp-port-unreachable
-A ufw-user-input -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
"""
K3S = """*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER-USER - [0:0]
:FLANNEL-FWD - [0:0]
:KUBE-FIREWALL - [0:0]
:KUBE-FORWARD - [0:0]
:KUBE-ROUTER-FORWARD - [0:0]
:KUBE-POD-FW-A - [0:0]
-A INPUT -j KUBE-FIREWALL
-A FORWARD -m comment --comment "kube-router netpol" -j KUBE-ROUTER-FORWARD
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD -j DOCKER-USER
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
-A OUTPUT -j KUBE-FIREWALL
-A FLANNEL-FWD -s 10.42.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
-A FLANNEL-FWD -d 10.42.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m comment --comment "block incoming localnet connections" -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-ROUTER-FORWARD -d 10.42.0.5/32 -m comment --comment "rule to jump" -j KUBE-POD-FW-A
-A KUBE-ROUTER-FORWARD -m mark --mark 0x20000/0x20000 -j ACCEPT
-A KUBE-POD-FW-A -m set --match-set KUBE-SRC-ABC src -j ACCEPT
-A KUBE-POD-FW-A -j REJECT
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:FLANNEL-POSTRTG - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-A - [0:0]
:KUBE-SEP-A - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
-A FLANNEL-POSTRTG -m mark --mark 0x4000/0x4000 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.42.0.0/16 ! -d 224.0.0.0/4 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -j MASQUERADE --random-fully
-A KUBE-SERVICES -d 10.43.0.1/32 -p tcp -m tcp --dport 443 -j KUBE-SVC-A
-A KUBE-SVC-A -m statistic --mode random --probability 0.5 -j KUBE-SEP-A
-A KUBE-SEP-A -p tcp -m tcp -j DNAT --to-destination 192.0.2.5:6443
COMMIT
"""


def beside(name: str, saved: str = ENGINE, *more: IptablesRules) -> World:
    """The small host with a table of nft beside the engine's rules."""
    there = world(saved=saved)
    listed = nft_json.parse((KNOWN / f"{name}.json").read_bytes()) if name else None
    there.host.rules = PathRules(saves=[IptablesRules.parse("iptables-save", saved), *more], nft=listed)
    return there


@pytest.mark.parametrize("name", ["firewalld", "kube-proxy", "libvirt", "debian"])
@pytest.mark.parametrize("way", ["egress", "published", "host-to-container", "loopback", "peer"])
def test_beside_a_firewall_that_lets_containers_pass_every_way_arrives(name: str, way: str) -> None:
    found = walked(beside(name), WAYS[way])
    assert (found.end, found.doubts) == ("delivered", ()), found.says


def test_firewalld_without_the_engines_zone_rejects() -> None:
    """The classical fault: docker0 is in no zone, so its packets meet the last rule."""
    found = walked(beside("firewalld-no-zone"), WAYS["egress"])
    assert (found.end, found.cause, found.table) == ("rejected", "rule", "inet firewalld")
    assert "packets from aa to outside are rejected at" in found.says
    # A published port has a translated destination, which firewalld accepts.
    assert walked(beside("firewalld-no-zone"), WAYS["published"]).end == "delivered"


def test_a_hardened_workstation_drops_what_it_forwards() -> None:
    """Debian's example with policy drop: an accept of the engine does not help in another table."""
    found = walked(beside("workstation"), WAYS["egress"])
    assert (found.end, found.cause, found.chain, found.table) == ("dropped", "rule", "forward", "inet filter")
    assert found.says.endswith("the policy of chain forward of nft table inet filter")
    assert walked(beside("workstation"), WAYS["peer"]).end == "delivered"


@pytest.mark.parametrize("way", ["egress", "published", "host-to-container", "peer"])
def test_beside_ufw_the_engines_ways_arrive(way: str) -> None:
    nat = ENGINE.partition("*filter")[0]
    assert walked(world(saved=nat + UFW), WAYS[way]).end == "delivered"


def test_ufw_closes_the_hosts_own_services_to_containers() -> None:
    nat = ENGINE.partition("*filter")[0]
    service = Way(kind="container-to-host", start="aa", end="host", target="192.0.2.5", port=9000)
    sockets = (PathSocket(protocol="tcp", port=9000), PathSocket(protocol="tcp", port=22))
    found = walked(world(saved=nat + UFW, sockets=sockets), service)
    assert (found.end, found.cause, found.chain) == ("dropped", "rule", "INPUT")
    ssh = Way(kind="container-to-host", start="aa", end="host", target="192.0.2.5", port=22)
    assert walked(world(saved=nat + UFW, sockets=sockets), ssh).end == "delivered"


@pytest.mark.parametrize("way", ["egress", "peer", "host-to-container"])
def test_beside_k3s_the_engines_ways_arrive(way: str) -> None:
    assert walked(world(saved=K3S), WAYS[way]).end == "delivered"


@pytest.mark.parametrize("name", ["SAVE_26", "SAVE_28", "SAVE_29"])
@pytest.mark.parametrize("way", WAYS)
def test_the_rules_of_each_engine_let_every_way_pass(name: str, way: str) -> None:
    found = walked(world(saved=getattr(generations, name)), WAYS[way])
    assert (found.end, found.doubts) == ("delivered", ()), found.says


EMBEDDED = """*nat
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER_OUTPUT - [0:0]
:DOCKER_POSTROUTING - [0:0]
-A OUTPUT -d 127.0.0.11/32 -j DOCKER_OUTPUT
-A POSTROUTING -d 127.0.0.11/32 -j DOCKER_POSTROUTING
-A DOCKER_OUTPUT -d 127.0.0.11/32 -p tcp -m tcp --dport 53 -j DNAT --to-destination 127.0.0.11:39123
-A DOCKER_OUTPUT -d 127.0.0.11/32 -p udp -m udp --dport 53 -j DNAT --to-destination 127.0.0.11:40321
-A DOCKER_POSTROUTING -s 127.0.0.11/32 -p tcp -m tcp --sport 39123 -j SNAT --to-source :53
-A DOCKER_POSTROUTING -s 127.0.0.11/32 -p udp -m udp --sport 40321 -j SNAT --to-source :53
COMMIT
"""
LISTENERS = (
    PathSocket(protocol="tcp", port=39123, address="127.0.0.11"),
    PathSocket(protocol="udp", port=40321, address="127.0.0.11"),
)


@pytest.mark.parametrize("protocol", ["udp", "tcp"])
def test_the_embedded_name_server_is_reached_by_its_rules(protocol: str) -> None:
    way = Way(kind="dns", start="aa", end="aa", target="127.0.0.11", port=53, protocol=protocol)
    healthy = world(inside=PathRules(saves=[IptablesRules.parse("iptables-save", EMBEDDED)]))
    healthy.places["aa"].sockets = LISTENERS
    assert walked(healthy, way).end == "delivered"
    flushed = world()
    flushed.places["aa"].sockets = LISTENERS
    found = walked(flushed, way)
    assert (found.end, found.cause) == ("rejected", "no-listener")
    assert found.says == "packets from aa to 127.0.0.11 port 53 end at aa: no program listens on port 53"
