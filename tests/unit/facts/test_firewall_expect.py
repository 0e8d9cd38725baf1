"""The rules an engine should have made, and how they compare."""

import pytest
from msgspec.structs import replace

from doctor.collect.firewall.cuts import traffic_cuts
from doctor.collect.firewall.rules import of_ipv6
from doctor.collect.network.records import endpoint_of, network_of, networks_of_api
from doctor.facts.engine.state import EngineVersion
from doctor.facts.firewall.expected_rules import Terms, expect
from doctor.facts.firewall.generations import (
    FROM_28_0_1,
    FROM_28_2,
    FROM_29,
    ONLY_28_0_0,
    UP_TO_22_OF_IPV6,
    UP_TO_27,
    RuleGeneration,
    generation_of,
)
from doctor.facts.firewall.packet_filter import NFT, Firewall, Saved
from doctor.facts.firewall.rules import EngineRules, compare
from doctor.facts.firewall.user_chain import user_chain
from doctor.facts.network.networks import Endpoint, Network, Networks, PublishedPort, is_safe_interface
from doctor.formats.firewall import iptables_save
from doctor.model.missing import Missing, Why
from tests.clocks import within

NET = Network(
    id="1" * 64, name="dummy", driver="bridge", bridge="br-dummy", subnets=("192.168.0.0/24",), gateway="192.168.0.1/24"
)  # fmt: skip
PORT = PublishedPort(
    protocol="tcp", host_ip="127.0.0.1", host_port=8080, container_ip="192.168.0.2", container_port=80
)  # fmt: skip
END = Endpoint(
    id="e" * 64, network_id=NET.id, container_id="c" * 64, container="web", ip="192.168.0.2", is_running=True,
    ports=(PORT,),
)  # fmt: skip

PLAIN = Terms()


def texts(
    generation: RuleGeneration, network: Network = NET, terms: Terms = PLAIN, version: int = 4
) -> dict[str, list[str]]:
    networks = Networks(items=(network,), endpoints=(END,))
    found = expect(generation, networks, terms, version)
    return {f"{table} {chain}": [rule.spec for rule in rules] for (table, chain), rules in found.chains.items()}


def test_engine_28_without_icc_makes_these_rules() -> None:
    """As Moby's own golden file of 28.5 has them: no icc, a port on loopback."""
    found = texts(FROM_28_2, replace(NET, icc=False))
    assert found["raw PREROUTING"] == [
        "-d 127.0.0.1/32 ! -i lo -p tcp -m tcp --dport 8080 -j DROP",
        "-d 192.168.0.2/32 ! -i br-dummy -j DROP",
    ]
    assert found["filter DOCKER"] == [
        "-d 192.168.0.2/32 ! -i br-dummy -o br-dummy -p tcp -m tcp --dport 80 -j ACCEPT",
        "! -i br-dummy -o br-dummy -j DROP",
    ]
    assert found["filter DOCKER-FORWARD"] == [
        "-j DOCKER-CT",
        "-j DOCKER-ISOLATION-STAGE-1",
        "-j DOCKER-BRIDGE",
        "-i br-dummy -o br-dummy -j DROP",
        "-i br-dummy ! -o br-dummy -j ACCEPT",
    ]
    assert found["nat DOCKER"] == [
        "-i br-dummy -j RETURN",
        "-d 127.0.0.1/32 ! -i br-dummy -p tcp -m tcp --dport 8080 -j DNAT --to-destination 192.168.0.2:80",
    ]
    assert found["nat POSTROUTING"] == ["-s 192.168.0.0/24 ! -o br-dummy -j MASQUERADE"]


def test_a_routed_network_of_28_is_not_translated_and_answers_pings() -> None:
    found = texts(FROM_28_2, replace(NET, gateway_mode="routed", masquerade=False))
    assert "-o br-dummy -p icmp -j ACCEPT" in found["filter DOCKER"]
    assert found["filter DOCKER-ISOLATION-STAGE-1"] == [
        "-i br-dummy -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        "-o br-dummy -j RETURN",
        "-i br-dummy ! -o br-dummy -j DOCKER-ISOLATION-STAGE-2",
    ]
    assert "nat POSTROUTING" not in found


def test_engine_29_has_no_isolation_chains_and_no_returns() -> None:
    found = texts(FROM_29)
    assert not [key for key in found if "ISOLATION" in key]
    assert not [spec for specs in found.values() for spec in specs if spec.endswith("RETURN")]
    assert texts(FROM_29, replace(NET, internal=True))["filter DOCKER-INTERNAL"] == [
        "! -s 192.168.0.0/24 -o br-dummy -j DROP",
        "! -d 192.168.0.0/24 -i br-dummy -j DROP",
    ]


def test_settings_change_the_rules() -> None:
    """Without docker-proxy the hairpin rules; a fixed source address; no raw rules if the engine is configured so."""
    hairpin = texts(UP_TO_27, terms=Terms(hairpin=True))
    assert "-m addrtype --dst-type LOCAL -j DOCKER" in hairpin["nat OUTPUT"]
    assert "-o br-dummy -m addrtype --src-type LOCAL -j MASQUERADE" in hairpin["nat POSTROUTING"]
    assert not [spec for spec in hairpin["nat DOCKER"] if spec.endswith("RETURN")]
    assert texts(UP_TO_27, replace(NET, host_ip="198.51.100.9"))["nat POSTROUTING"][0] == (
        "-s 192.168.0.0/24 ! -o br-dummy -j SNAT --to-source 198.51.100.9"
    )
    assert "raw PREROUTING" not in texts(FROM_28_2, terms=Terms(raw=False))
    assert (
        "-d 192.168.0.2/32 ! -i br-dummy -j DROP"
        not in texts(FROM_28_2, terms=Terms(direct_routing=True))["raw PREROUTING"]
    )


@pytest.mark.parametrize(
    ("release", "chains", "expected"),
    [
        ((19, 3, 15), frozenset[str](), UP_TO_27),
        ((27, 5, 1), frozenset[str](), UP_TO_27),
        ((28, 0, 0), frozenset[str](), ONLY_28_0_0),
        ((28, 0, 1), frozenset[str](), FROM_28_0_1),
        ((28, 5, 2), frozenset[str](), FROM_28_2),
        ((28, 9, 0), frozenset({"DOCKER-INTERNAL"}), FROM_29),
        ((29, 1, 3), frozenset[str](), FROM_29),
        ((31, 0, 0), frozenset[str](), FROM_29),
    ],
)
def test_a_release_has_its_generation(
    release: tuple[int, int, int], chains: frozenset[str], expected: RuleGeneration
) -> None:
    assert generation_of(release, chains) is expected


def test_what_is_made_compares_as_there() -> None:
    """Whatever a generation makes, a host that has exactly that has nothing missing and nothing foreign."""
    for generation in (UP_TO_27, FROM_28_0_1, FROM_28_2, FROM_29):
        networks = Networks(
            items=(NET, replace(NET, id="2" * 64, bridge="br-in", internal=True, name="in")), endpoints=(END,)
        )
        expected = expect(generation, networks, Terms(), 4)
        family = compare(4, _saved(expected.chains), expected)
        assert (family.lost, family.single, family.strangers, family.misplaced) == ((), (), {}, ())


def test_before_23_an_engine_makes_no_chain_for_users_of_ipv6() -> None:
    """So nothing of it is missing; a newer engine's is."""
    networks = Networks(items=(replace(NET, subnets=("172.20.0.0/16", "fd00:20::/64")),), endpoints=(END,))
    old, new = (expect(generation, networks, Terms(), 6) for generation in (UP_TO_22_OF_IPV6, UP_TO_27))
    assert len([*new.rules()]) == len([*old.rules()]) + 2
    saved = _saved(old.chains)
    assert user_chain(compare(6, saved, old), None, None, is_running=True) is None
    assert user_chain(compare(6, saved, new), None, None, is_running=True) is not None
    version = EngineVersion(text="20.10.24", release=(20, 10, 24), source="GET /version")
    unknown = Missing(Why.ABSENT, "no engine")
    found = [of_ipv6(UP_TO_27, one, saved) for one in (version, replace(version, release=(23, 0, 0)), unknown)]
    assert found == [UP_TO_22_OF_IPV6, UP_TO_27, UP_TO_22_OF_IPV6]
    assert of_ipv6(FROM_29, version, saved) is FROM_29


def test_each_missing_rule_is_reported_or_harmless() -> None:
    """Every single rule that is removed is reported as missing, except final RETURNs."""
    for generation in (UP_TO_27, FROM_28_2, FROM_29):
        expected = expect(generation, Networks(items=(NET,), endpoints=(END,)), Terms(), 4)
        for rule in expected.rules():
            chains = {key: tuple(other for other in rules if other != rule) for key, rules in expected.chains.items()}
            family = compare(4, _saved(chains), expected)
            told = [*family.single, *(found for lost in family.lost for found in lost.rules)]
            assert told == ([] if rule.kind in {"user-return", "chain-return"} else [rule])


def _saved(chains: dict[tuple[str, str], tuple[object, ...]], more: str = "") -> Saved:
    lines: list[str] = []
    for table in dict.fromkeys(table for table, _ in chains):
        built_in = {"INPUT", "FORWARD", "OUTPUT", "PREROUTING", "POSTROUTING"}
        lines.append(f"*{table}")
        lines += [f":{chain} {'ACCEPT' if chain in built_in else '-'} [0:0]" for of, chain in chains if of == table]
        if table == "filter":
            lines += more.splitlines()
        lines += [rule.text for key, rules in chains.items() if key[0] == table for rule in rules]  # type: ignore[attr-defined]
        lines.append("COMMIT")
    return Saved.of(("iptables-save",), iptables_save.parse("\n".join(lines) + "\n"))


HOSTILE = ("docker0 -j ACCEPT", "-j", "!", "br+", "a/b", "", "a" * 16, 'x"y', "br\n-A INPUT -j ACCEPT", "--help", "bré")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_interface_never_stands_in_a_rule(name: str) -> None:
    """Names in the database are data: one that iptables would read as options is said, not used."""
    assert not is_safe_interface(name)
    found = expect(UP_TO_27, Networks(items=(replace(NET, bridge=name),), endpoints=(END,)), Terms(), 4)
    assert not [rule for rule in found.rules() if rule.network]
    assert found.unjudged == (("dummy",) if name else ())


def test_hostile_records_give_no_rule_text() -> None:
    """Addresses are parsed and formatted, ports are numbers: nothing else reaches a rule."""
    evil = "127.0.0.1 -j ACCEPT"
    record = {"nid": NET.id, "Addr": evil, "PortMapping": [{"Proto": 6, "IP": "10.0.0.2", "Port": 80, "HostIP": evil, "HostPort": "1 -j"}, 7, None]}  # fmt: skip
    endpoint = endpoint_of("e" * 64, record, None, is_running=True)
    assert endpoint.ip == ""
    assert [(port.host_ip, port.host_port) for port in endpoint.ports] == [("0.0.0.0", 0)]
    bridge = {"BridgeName": "docker0", "AddressIPv4": "172.17.0.1/16 -j ACCEPT", "HostIP": evil, "Mtu": "x", "TrustedHostInterfaces": 3}  # fmt: skip
    network = network_of("1" * 64, {"name": "-j DROP", "generic": 7}, bridge)
    assert (network.subnets, network.host_ip) == ((), "")
    for answer in (None, 3, "x", [], [None, 3], [{"Id": 3, "IPAM": 4, "Options": 5}], {"a": 1}):
        networks_of_api(answer, answer, (), set())


def test_ten_thousand_rules_take_no_time() -> None:
    """A host of bans and Kubernetes chains: compared and walked in a fraction of a second."""
    networks = [
        replace(
            NET, id=f"{number:064x}", name=f"n{number}", bridge=f"br-{number:012x}", subnets=(f"10.{number}.0.0/24",)
        )
        for number in range(30)
    ]
    endpoints = [
        replace(
            END, id=f"{number:064x}", network_id=networks[number % 30].id, ip=f"10.{number % 30}.0.{number // 30 + 2}",
            ports=(PublishedPort(protocol="tcp", host_ip="0.0.0.0", host_port=9000 + number, container_ip=f"10.{number % 30}.0.{number // 30 + 2}", container_port=80),),
        )
        for number in range(300)
    ]  # fmt: skip
    every = Networks(items=tuple(networks), endpoints=tuple(endpoints))
    bans = "\n".join(f"-A FORWARD -s 203.{number // 250}.{number % 250}.7/32 -j DROP" for number in range(10_000))
    expected = expect(UP_TO_27, every, Terms(), 4)
    saved_text = "\n".join(_saved(expected.chains, bans).ruleset.lines)

    def judge() -> tuple[object, ...]:
        saved = Saved.of(("iptables-save",), iptables_save.parse(saved_text))
        family = compare(4, saved, expect(UP_TO_27, every, Terms(), 4))
        rules = EngineRules(generation="", families=(family,))
        cuts = traffic_cuts(Firewall(backend=NFT, v4=saved), every, rules, Missing(Why.ABSENT, ""))
        return family.lost, family.single, cuts.cuts

    # Measured 0.14 s beside other work; the limit leaves room for a slow machine, a walk over every ban took 0.6 s.
    assert within(0.5, judge) == ((), (), ())


@pytest.mark.parametrize("generation", [UP_TO_27, FROM_28_0_1, FROM_28_2, FROM_29])
@pytest.mark.parametrize("by_child", [True, False])
def test_a_link_opens_the_way_there_and_back_where_containers_are_kept_apart(
    generation: RuleGeneration,
    by_child: bool,
) -> None:
    """The engine notes a link at either end; a container that is not running, and a network with icc, needs none."""
    child = Endpoint(
        id="d" * 64,
        network_id=NET.id,
        ip="192.168.0.9",
        is_running=True,
        exposed=(("tcp", 5432), ("udp", 53)),
        linked_by=(END.id,) if by_child else (),
    )
    parent = END if by_child else replace(END, links=(child.id,))

    def linked(network: Network, *endpoints: Endpoint, version: int = 4) -> list[str]:
        found = expect(generation, Networks(items=(network,), endpoints=endpoints), PLAIN, version)
        return [rule.spec for rule in found.rules() if rule.kind == "link"]

    apart = replace(NET, icc=False)
    assert linked(apart, parent, child) == [
        f"-s 192.168.0.2/32 -d 192.168.0.9/32 -i br-dummy -o br-dummy -p {name} -m {name} --dport {number} -j ACCEPT"
        if side == "there"
        else f"-s 192.168.0.9/32 -d 192.168.0.2/32 -i br-dummy -o br-dummy -p {name} -m {name} --sport {number} -j ACCEPT"
        for name, number in (("tcp", 5432), ("udp", 53))
        for side in ("there", "back")
    ]
    assert not linked(NET, parent, child)
    assert not linked(apart, parent, replace(child, is_running=False))
    assert not linked(replace(apart, subnets6=("fd00::/64",)), parent, child, version=6)


def test_links_and_exposed_ports_are_read_from_the_record() -> None:
    record = {
        "nid": NET.id,
        "Addr": "192.168.0.2/24",
        "ContainerConfig": {"ParentEndpoints": None, "ChildEndpoints": ["a" * 64, 7]},
        "ExternalConnConfig": {
            "ExposedPorts": [{"Proto": 6, "Port": 80}, {"Proto": 99, "Port": 1}, {"Proto": 17}, None]
        },
    }
    found = endpoint_of("e" * 64, record, None, is_running=True)
    assert found.links == ("a" * 64,)
    assert found.linked_by == ()
    assert found.exposed == (("tcp", 80),)
    assert endpoint_of("e" * 64, {"ContainerConfig": 5, "ExternalConnConfig": []}, None, is_running=True).links == ()
