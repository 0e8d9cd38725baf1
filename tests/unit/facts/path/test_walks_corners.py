"""Further corners of the kernel that random hosts showed: translations, sets, neighbours, queues and ports."""

import pytest
from msgspec.structs import replace

from doctor.facts.host.processes import Processes
from doctor.facts.network.listeners import Listeners
from doctor.facts.network.networks import Networks
from doctor.facts.path.namespace import (
    BridgePort,
    BridgeSettings,
    ForwardingEntry,
    Neighbour,
    NetLink,
    NetRoute,
    Qdisc,
)
from doctor.facts.path.rules.hooks import evaluate
from doctor.facts.path.rules.packet import Packet
from doctor.facts.path.rules.ruleset import PathRules
from doctor.facts.path.rules.tables import IptablesRules
from doctor.facts.path.scene.worlds import proxies_of, sockets_of
from doctor.facts.path.surroundings import PlaceSurroundings
from doctor.facts.path.way import Way
from doctor.facts.path.world import PathSocket, World
from doctor.formats.firewall.nft_json import NftChain, NftRule, NftRuleset
from doctor.formats.network.proc_net import Listener
from doctor.model.process import Process
from tests.unit.facts.path.small_world import (
    ENGINE,
    WAYS,
    address,
    container,
    host,
    rules,
    walked,
    with_link,
    world,
)


def test_packets_that_a_rule_leads_to_a_proxy_of_this_place_are_doubt() -> None:
    """A mesh's sidecar, a transparent proxy: the program decides; where nobody listens, packets end."""
    inside = rules(
        "*nat\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -p tcp -j REDIRECT --to-ports 15001\nCOMMIT\n"
    )
    found = walked(world(inside=inside), WAYS["egress"])
    assert (found.end, found.cause) == ("unknown", "unknown")
    assert "a rule leads them to a program at 127.0.0.1 port 15001" in found.says
    moved = "-A PREROUTING -i docker0 -p tcp -m tcp --dport 443 -j REDIRECT --to-ports 3128"
    saved = ENGINE.replace("-A PREROUTING -m addrtype", f"{moved}\n-A PREROUTING -m addrtype", 1)
    proxy = (PathSocket(protocol="tcp", port=3128),)
    assert walked(world(saved=saved, sockets=proxy), WAYS["egress"]).end == "unknown"
    nobody = walked(world(saved=saved, sockets=()), WAYS["egress"])
    assert (nobody.end, nobody.cause) == ("rejected", "no-listener")
    assert "a rule leads them to port 3128, and no program listens there" in nobody.says


@pytest.mark.parametrize(
    ("asked", "port", "end"), [(8080, 22, "delivered"), (8080, 23, "rejected"), (8081, 22, "rejected")]
)
def test_a_redirect_to_a_port_of_a_map(asked: int, port: int, end: str) -> None:
    """Without the port in the map the rule does not match: the packet keeps its own."""
    key = {"payload": {"protocol": "tcp", "field": "dport"}}
    expressions = ({"redirect": {"port": {"map": {"key": key, "data": {"set": [[8080, port]]}}}}},)
    chain = NftChain(family="ip", table="t", name="c", hook="prerouting", kind="nat", priority=-100, policy="accept")
    rule = NftRule(family="ip", table="t", chain="c", handle=2, expressions=expressions, comment="")
    small = world(sockets=(PathSocket(protocol="tcp", port=22),))
    small.places["host"] = replace(small.host, rules=PathRules(nft=NftRuleset(chains=(chain,), rules=(rule,))))
    way = Way(kind="container-to-host", start="aa", end="host", target="192.0.2.5", port=asked)
    assert walked(small, way).end == end


def test_a_port_that_is_not_known_is_no_claim_about_programs() -> None:
    moved = "-A PREROUTING -p tcp -m tcp --dport 22 -j REDIRECT --to-ports 30-40"
    saved = ENGINE.replace("-A PREROUTING -m addrtype", f"{moved}\n-A PREROUTING -m addrtype", 1)
    way = Way(kind="container-to-host", start="aa", end="host", target="192.0.2.5", port=22)
    assert walked(world(saved=saved, sockets=(PathSocket(protocol="tcp", port=22),)), way).end == "unknown"


@pytest.mark.parametrize(("flags", "kind"), [([], "accept"), (["dynamic", "timeout"], "unknown")])
def test_a_set_that_packets_change_is_doubt(flags: list[str], kind: str) -> None:
    left = {"payload": {"protocol": "ip", "field": "saddr"}}
    chain = NftChain(family="ip", table="t", name="c", hook="forward", kind="filter", priority=0, policy="accept")
    expressions = ({"match": {"op": "==", "left": left, "right": "@s"}}, {"drop": None})
    rule = NftRule(family="ip", table="t", chain="c", handle=2, expressions=expressions, comment="")
    listed = {"type": "ipv4_addr", "flags": flags, "elem": ["10.9.9.9"]}
    rules = PathRules(nft=NftRuleset(chains=(chain,), rules=(rule,), sets={("ip", "t", "s"): listed}))
    packet = Packet(inside="docker0", outside="eth0", source=0xAC110002, destination=2, mark=0)
    assert evaluate(rules, "ip", "forward", packet).kind == kind


def test_a_bridged_packet_is_for_this_host_where_rules_of_ip_see_it_last() -> None:
    rule = "-A POSTROUTING -m pkttype --pkt-type unicast -j DROP"
    saved = ENGINE.replace("*filter", f"*mangle\n:POSTROUTING ACCEPT [0:0]\n{rule}\nCOMMIT\n*filter", 1)
    small = replace(host(), sysctls={"net.ipv4.ip_forward": "1", "net.bridge.bridge-nf-call-iptables": "1"})
    assert walked(world(of_host=small, saved=saved), WAYS["peer"]).end == "dropped"


def test_an_answer_longer_than_the_uplinks_mtu_is_doubt() -> None:
    """Hardware often takes it, a veth drops it."""
    found = walked(world(of_host=with_link(host(), "eth0", mtu=100)), WAYS["egress"])
    assert (found.end, found.doubts) == ("unknown", ("packets of 152 bytes arrive at eth0, whose MTU is 100",))


@pytest.mark.parametrize(
    ("matches", "end"),
    [
        ("-p udp -m udp", "dropped"),
        ("-m socket", "unknown"),
        ("-m rpfilter -m comment --comment x", "unknown"),
        ("-p udp -m udp -m comment --comment '-m socket'", "dropped"),
    ],
)
def test_a_module_without_options_may_match_nothing(matches: str, end: str) -> None:
    saved = f"*mangle\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -i docker0 {matches} -j DROP\nCOMMIT\n{ENGINE}"
    assert walked(world(saved=saved), replace(WAYS["egress"], protocol="udp")).end == end


def test_an_uplink_that_is_a_port_of_a_bridge_sends_with_the_bridges_address() -> None:
    own = host()
    lan = NetLink(index=9, name="br0", kind="bridge", mac=own.links[1].mac, bridge=BridgeSettings(), flags=0x11043)
    port = replace(own.links[1], master=9, port=BridgePort())
    moved = replace(
        own,
        links=(own.links[0], port, lan, *own.links[2:]),
        addresses=tuple(replace(one, link=9) if one.link == 2 else one for one in own.addresses),
        routes=tuple(replace(one, link=9) if one.link == 2 else one for one in own.routes),
        neighbours=tuple(replace(one, link=9) if one.link == 2 else one for one in own.neighbours),
    )
    found = walked(world(of_host=moved), WAYS["egress"])
    assert found.end == "delivered", found.says


def test_neighbour_discovery_with_a_changed_hop_limit_is_refused() -> None:
    """Nobody learns the address of the next hop: the rule about containers' packets hits their questions too."""
    saved = "*mangle\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -i docker0 -j HL --hl-set 1\nCOMMIT\n"
    small = _with_ipv6()
    assert (
        walked(small, Way(kind="gateway", start="aa", end="host", target="fd00:17::1", protocol="icmp")).end
        == "delivered"
    )
    small = _with_ipv6()
    small.places["host"] = replace(small.host, rules=PathRules(saves=[IptablesRules.parse("ip6tables-save", saved)]))
    way = Way(kind="gateway", start="aa", end="host", target="fd00:17::1", protocol="icmp")
    found = walked(small, way)
    assert (found.cause, "hop limit" in found.says) == ("neighbour", True)


def test_a_question_keeps_the_mark_that_a_rule_gave_it() -> None:
    """One hook marks neighbour solicitations, the next one drops what is marked. Found by random hosts."""
    mark = "*mangle\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p ipv6-icmp -m icmp6 --icmpv6-type 135 -j MARK --set-mark 0x40\nCOMMIT\n"
    drop = "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -m mark --mark 0x40 -j DROP\nCOMMIT\n"
    way = Way(kind="gateway", start="aa", end="host", target="fd00:17::1", protocol="icmp")
    for text, end in ((mark + drop, "unknown"), (drop, "delivered")):
        small = _with_ipv6()
        rules = PathRules(saves=[IptablesRules.parse("ip6tables-save", text)])
        small.places["host"] = replace(small.host, rules=rules)
        assert walked(small, way).end == end


def test_an_address_that_the_kernel_still_checks_is_doubt() -> None:
    """A new network's gateway answers after the detection of duplicates; one that is a duplicate never does."""
    way = Way(kind="gateway", start="aa", end="host", target="fd00:17::1", protocol="icmp")
    for flags, end in ((0x40, "unknown"), (0x40 | 0x08, "dropped")):
        small = _with_ipv6()
        own = small.host.namespace
        waits = replace(own, addresses=(*own.addresses[:-1], replace(own.addresses[-1], flags=flags)))
        small.places["host"] = replace(small.host, namespace=waits)
        failed = Neighbour(link=21, version=6, address="fd00:17::1", mac="", state=0x20)
        inside = small.places["aa"]
        small.places["aa"] = replace(inside, namespace=replace(inside.namespace, neighbours=(failed,)))
        assert walked(small, way).end == end


def test_a_loopback_without_ipv6_is_doubt() -> None:
    """With disable_ipv6 of lo the kernel drops what the host sends to itself; its addresses are gone with it. Found by random hosts."""
    way = Way(kind="host-published", start="host", end="aa", target="fd00:17::1", port=8080)
    sockets = (PathSocket(protocol="tcp", port=8080, forwards=("fd00:17::2", 80)),)
    for own, end in (((), "unknown"), ((replace(address(1, "::1/128", "host"), version=6),), "delivered")):
        small = _with_ipv6()
        before = small.host.namespace
        small.places["host"] = replace(
            small.host, sockets=sockets, namespace=replace(before, addresses=(*before.addresses, *own))
        )
        assert walked(small, way).end == end


def _with_ipv6() -> World:
    """The small world with addresses and routes of IPv6 on the bridge and in aa."""
    places = {}
    for name, index, own, before in (
        ("of_host", 3, "fd00:17::1", host()),
        ("of_aa", 21, "fd00:17::2", container(1, "172.17.0.2")),
    ):
        routes = tuple(
            NetRoute(version=6, table=table, kind=kind, destination=destination, link=index, source=own)
            for table, kind, destination in ((254, "unicast", "fd00:17::/64"), (255, "local", f"{own}/128"))
        )
        addresses = (*before.addresses, replace(address(index, f"{own}/64"), version=6))
        places[name] = replace(before, addresses=addresses, routes=(*before.routes, *routes))
    return world(**places)


def test_an_icmp_error_is_related_to_its_connection() -> None:
    """The sender learns the MTU if only related packets may leave the host."""
    saved = ENGINE.replace(
        ":OUTPUT ACCEPT [0:0]\n:DOCKER - [0:0]\n:DOCKER-USER", ":OUTPUT DROP [0:0]\n:DOCKER - [0:0]\n:DOCKER-USER", 1
    )
    allowed = saved.replace(
        "-A FORWARD -j DOCKER-USER", "-A OUTPUT -m conntrack --ctstate RELATED -j ACCEPT\n-A FORWARD -j DOCKER-USER", 1
    )
    small = with_link(host(), "docker0", mtu=100)
    assert walked(world(of_host=small, saved=saved), WAYS["egress"]).cause == "mtu"
    found = walked(world(of_host=small, saved=allowed), WAYS["egress"])
    assert found.cause != "mtu", found.says


def test_a_wrong_neighbour_entry_that_was_learned_is_doubt() -> None:
    """The owner's next question corrects it; one fixed by hand stays."""
    for state, end in ((2, "unknown"), (0x80, "dropped")):
        entry = Neighbour(link=3, version=4, address="172.17.0.2", mac="02:00:00:00:00:99", state=state)
        found = walked(world(of_host=replace(host(), neighbours=(*host().neighbours, entry))), WAYS["egress"])
        assert found.end == end


@pytest.mark.parametrize(("kind", "limit", "end"), [("tbf", 1000, "unknown"), ("noqueue", None, "delivered")])
def test_a_packet_that_a_rule_turns_back_on_the_bridge_may_pass_its_queue(
    kind: str, limit: int | None, end: str
) -> None:
    """Until the receiver's address is fresh, the kernel sends it by the bridge itself."""
    settings = {"net.ipv4.ip_forward": "1", "net.bridge.bridge-nf-call-iptables": "1"}
    queue = Qdisc(link=3, kind=kind, limit=limit)
    saved = ENGINE.replace("-A DOCKER -i docker0 -j RETURN\n", "").replace("-A DOCKER ! -i docker0 -p", "-A DOCKER -p")
    saved = saved.replace(
        "-A POSTROUTING -s", "-A POSTROUTING -s 172.17.0.0/16 -d 172.17.0.2/32 -j MASQUERADE\n-A POSTROUTING -s", 1
    )
    small = world(of_host=replace(host(), sysctls=settings, qdiscs=(queue,)), saved=saved)
    found = walked(small, replace(WAYS["hairpin"], start="bb"))
    assert (found.end, bool(found.doubts)) == (end, end == "unknown"), found.says


@pytest.mark.parametrize(
    ("learns", "state", "end"), [(True, 0x40, "unknown"), (False, 0x40, "dropped"), (True, 0x80, "dropped")]
)
def test_an_entry_set_by_hand_moves_with_the_owners_next_packet(learns: bool, state: int, end: str) -> None:
    """Neither a local entry does, nor one of an address behind a port that does not learn."""
    small = with_link(host(), "vbb", port=BridgePort(learns=learns))
    entry = ForwardingEntry(mac="02:00:00:00:02:02", link=11, master=3, state=state)
    found = walked(world(of_host=replace(small, fdb=(entry,))), WAYS["host-to-container"])
    assert found.end == end, found.says


def test_an_address_of_two_containers_is_whose_answer_came_last() -> None:
    """The host has an entry of one of them; the next question or answer of the other replaces it."""
    entry = Neighbour(link=3, version=4, address="172.17.0.2", mac="02:00:00:00:02:02", state=4)
    small = world(of_host=replace(host(), neighbours=(*host().neighbours, entry)))
    twin = container(2, "172.17.0.3")
    addresses = (*twin.addresses, address(22, "172.17.0.2/16"))
    small.places["bb"] = replace(small.places["bb"], namespace=replace(twin, addresses=addresses))
    assert walked(small, WAYS["egress"]).end == "unknown"


@pytest.mark.parametrize("order", [1, -1])
def test_a_socket_of_one_version_comes_before_one_of_both(order: int) -> None:
    """The engine has a proxy for each version; that of IPv6 might take both."""
    sockets = (
        PathSocket(protocol="tcp", port=8080, version=4, forwards=("172.17.0.2", 80)),
        PathSocket(protocol="tcp", port=8080, forwards=("fd00:17::2", 80)),
    )
    assert walked(world(sockets=sockets[::order]), WAYS["loopback"]).end == "delivered"


def test_each_version_has_a_proxy_of_its_own() -> None:
    """Seen on a host with both: a connection by IPv4 was taken for one to the container's address of IPv6."""
    words = "docker-proxy -proto tcp -host-ip {} -host-port 8080 -container-ip {} -container-port 80"
    argvs = (words.format("::", "fd00::2").split(), words.format("0.0.0.0", "172.17.0.2").split())
    for some in (argvs, argvs[::-1]):
        processes = Processes(items=tuple(_proxy(number, one) for number, one in enumerate(some, 5)))
        listeners = Listeners(
            items=(
                Listener(protocol="tcp", address="0.0.0.0", port=8080, inode=1),
                Listener(protocol="tcp6", address="::", port=8080, inode=2),
            )
        )
        found = sockets_of(Networks(), listeners, proxies_of(processes))
        assert [one.forwards for one in found] == [("172.17.0.2", 80), ("fd00::2", 80)]


def _proxy(pid: int, argv: list[str]) -> Process:
    return Process(
        pid=pid, ppid=1, start_ticks=1, state="S", comm="docker-proxy", argv=tuple(argv), exe="/usr/bin/docker-proxy"
    )


@pytest.mark.parametrize(("state", "is_answer"), [(0x40, False), (0x80, True)])
def test_a_bridge_without_arp_sends_to_itself(state: int, is_answer: bool) -> None:
    """The kernel gives its neighbours its own address, unless somebody wrote the entry by hand; and it answers no question."""
    small = with_link(host(), "docker0", flags=0x11043 | 0x80)
    macs = {0x40: small.links[2].mac, 0x80: container(2, "172.17.0.3").links[1].mac}
    entry = Neighbour(link=3, version=4, address="172.17.0.3", mac=macs[state], state=state)
    found = walked(world(of_host=replace(small, neighbours=(*small.neighbours, entry))), WAYS["host-to-container"])
    assert (found.end, found.cause, found.is_answer) == ("dropped", "neighbour", is_answer), found.says


@pytest.mark.parametrize(
    ("target", "source"),
    [
        ("SNAT --to-source 203.0.113.10-203.0.113.20", "203.0.113.10"),
        ("NETMAP --to 203.0.113.0/24", "203.0.113.2"),
        ("SNAT --to-source 198.51.100.1-198.51.100.9", ""),
    ],
)
def test_a_source_from_a_range_that_no_address_of_the_host_is_in(target: str, source: str) -> None:
    rule = f"-A POSTROUTING -s 172.17.0.0/16 -o eth0 -j {target}"
    found = walked(world(saved=ENGINE.replace("-A POSTROUTING -s", f"{rule}\n-A POSTROUTING -s", 1)), WAYS["egress"])
    assert found.end == "unknown"
    assert (f"packets leave with the source {source}," in found.says) == bool(source), found.says


def test_the_loopback_address_of_ipv6_is_local_by_its_route() -> None:
    """After a flush of lo, packets to ::1 take another route, and rules about local addresses do not meet them. Found by random hosts."""
    for own, kind in (((), "unicast"), ((replace(address(1, "::1/128", "host"), version=6),), "local")):
        small = _with_ipv6()
        before = small.host.namespace
        place = replace(small.host, namespace=replace(before, addresses=(*before.addresses, *own)))
        assert PlaceSurroundings(small, place, {}).type_of(6, 1, "") == kind
