"""The host's own network configuration: which file sets what, for each program, and how an interface should be."""

import os
from pathlib import Path

import pytest

from doctor.api.actions.advice import Advise
from doctor.api.actions.choose import Choose
from doctor.api.actions.files import WriteFile
from doctor.api.actions.managers.unmanaged import leave_alone
from doctor.collect.network.host_files import host_network_files
from doctor.facts.network.host_files import HostNetworkFiles
from doctor.facts.network.takers import taker_of
from doctor.facts.path.paths import PathCut, Paths
from doctor.formats.netlink.routes import NetRoute, RoutingRule
from doctor.host.recorded import RootHost
from doctor.model.missing import HostError, Missing, Why

UNREAD = Missing(Why.ABSENT, "nobody has read it")
BROKEN = Paths(cuts=(PathCut(cause="no-route", end="dropped", place="host"),))
ADDRESS, GATEWAY = "192.0.2.5/24", "192.0.2.1"
DEFAULT = NetRoute(version=4, destination="0.0.0.0/0", gateway=GATEWAY)
SAMPLES = {
    "netplan": (
        "etc/netplan/50-x.yaml",
        (
            "network:\n  version: 2\n  ethernets:\n    eth0:\n      mtu: 1400\n      addresses: [192.0.2.5/24]\n      routes:\n"
            "        - to: default\n          via: 192.0.2.1\n        - {to: 10.0.0.0/8, via: 192.0.2.9, table: 7}\n"
            "      routing-policy:\n        - from: 10.88.0.0/24\n          table: 7\n          priority: 77\n"
        ),
        "netplan apply",
    ),
    "systemd-networkd": (
        "etc/systemd/network/10-eth0.network",
        (
            "[Match]\nName=eth0\n[Link]\nMTUBytes=1400\n[Network]\nAddress=192.0.2.5/24\nGateway=192.0.2.1\n"
            "[Route]\nDestination=10.0.0.0/8\nGateway=192.0.2.9\nTable=7\n"
            "[RoutingPolicyRule]\nFrom=10.88.0.0/24\nTable=7\nPriority=77\n"
        ),
        "networkctl reload && networkctl reconfigure eth0",
    ),
    "NetworkManager": (
        "etc/NetworkManager/system-connections/lan.nmconnection",
        (
            "[connection]\nid=lan\ntype=ethernet\ninterface-name=eth0\n[ethernet]\nmtu=1400\n[ipv4]\nmethod=manual\n"
            "address1=192.0.2.5/24,192.0.2.1\nroute1=10.0.0.0/8,192.0.2.9\nroute1_options=table=7\n"
            "routing-rule1=priority 77 from 10.88.0.0/24 table 7\n"
        ),
        "nmcli connection up lan",
    ),
    "ifupdown": (
        "etc/network/interfaces",
        (
            "auto eth0\niface eth0 inet static\n  address 192.0.2.5\n  netmask 255.255.255.0\n  gateway 192.0.2.1\n  mtu 1400\n"
            "  up ip route add 10.0.0.0/8 via 192.0.2.9 dev $IFACE table 7\n  up ip rule add from 10.88.0.0/24 lookup 7 pref 77\n"
        ),
        "ifup --force eth0",
    ),
    "ifcfg": (
        "etc/sysconfig/network-scripts/ifcfg-eth0",
        "DEVICE=eth0\nONBOOT=yes\nBOOTPROTO=none\nIPADDR=192.0.2.5\nPREFIX=24\nGATEWAY=192.0.2.1\nMTU=1400\n",
        "ifup eth0",
    ),
}


def read(top: Path, **more: str) -> HostNetworkFiles:
    """The fact of a tree; ``etc__a__b`` is /etc/a/b."""
    for name, text in more.items():
        write(top, name.replace("__", "/"), text)
    return host_network_files(RootHost(str(top)), UNREAD, UNREAD, BROKEN, UNREAD, UNREAD)


def write(top: Path, name: str, text: str) -> None:
    (top / name).parent.mkdir(parents=True, exist_ok=True)
    (top / name).write_text(text)


@pytest.mark.parametrize("program", sorted(SAMPLES))
def test_an_interface_should_be_as_its_program_configures_it(tmp_path: Path, program: str) -> None:
    name, text, command = SAMPLES[program]
    write(tmp_path, name, text)
    if program == "ifcfg":
        write(tmp_path, "etc/sysconfig/network-scripts/route-eth0", "10.0.0.0/8 via 192.0.2.9 table 7\n")
        write(tmp_path, "etc/sysconfig/network-scripts/rule-eth0", "from 10.88.0.0/24 lookup 7 pref 77\n")
    found = read(tmp_path)
    expected = found.expected("eth0")
    assert expected is not None
    assert [one.address for one in expected.addresses] == [ADDRESS]
    assert (expected.link.program, expected.link.mtu, expected.is_dynamic) == (program, 1400, False)
    assert expected.command == command
    default = expected.default()
    assert default is not None
    assert default.gateway == GATEWAY
    line = text.split("\n")[default.line - 1]
    assert GATEWAY in line or "default" in line
    address = found.source_of_address("eth0", ADDRESS)
    assert address is not None
    assert "192.0.2.5" in text.split("\n")[address.line - 1]
    assert found.source_of(DEFAULT, "eth0") == default
    assert (
        found.source_of(NetRoute(version=4, destination="10.0.0.0/8", gateway="192.0.2.9", table=7), "eth0") is not None
    )
    rule = found.source_of_rule(RoutingRule(version=4, priority=77, source="10.88.0.0/24", table=7))
    assert rule is not None
    assert rule.line > 0


def test_another_route_rule_or_address_has_no_source(tmp_path: Path) -> None:
    write(tmp_path, *SAMPLES["netplan"][:2])
    found = read(tmp_path)
    assert found.source_of(NetRoute(version=4, destination="0.0.0.0/0", gateway="192.0.2.2"), "eth0") is None
    assert found.source_of(NetRoute(version=4, destination="0.0.0.0/0", gateway=GATEWAY, table=9), "eth0") is None
    assert found.source_of(NetRoute(version=4, destination="0.0.0.0/0", gateway=GATEWAY), "eth1") is None
    assert found.source_of_rule(RoutingRule(version=4, priority=78, source="10.88.0.0/24", table=7)) is None
    assert found.source_of_address("eth0", "192.0.2.6/24") is None
    assert found.expected("eth1") is None


def test_two_programs_that_contradict_each_other_show_nothing(tmp_path: Path) -> None:
    write(tmp_path, *SAMPLES["netplan"][:2])
    write(tmp_path, *SAMPLES["ifupdown"][:2])
    assert read(tmp_path).expected("eth0") is not None
    write(tmp_path, SAMPLES["ifupdown"][0], SAMPLES["ifupdown"][1].replace("192.0.2.5", "192.0.2.6"))
    assert read(tmp_path).expected("eth0") is None


def test_a_file_of_etc_hides_one_of_its_name_and_a_drop_in_adds(tmp_path: Path) -> None:
    name, text, _ = SAMPLES["systemd-networkd"]
    write(tmp_path, name.replace("etc/", "usr/lib/"), text.replace("192.0.2.5", "192.0.2.99"))
    write(tmp_path, name, text)
    write(tmp_path, f"{name}.d/a.conf", "[Route]\nDestination=10.1.0.0/16\nType=blackhole\n")
    found = read(tmp_path)
    assert [one.address for one in found.addresses] == [ADDRESS]
    source = found.source_of(NetRoute(version=4, destination="10.1.0.0/16", kind="blackhole"))
    assert source is not None
    assert source.place == f"/{name}.d/a.conf:1"


def test_scripts_and_hooks_are_searched_for_commands(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        etc__network__interfaces="auto eth0\niface eth0 inet manual\n up ip rule add iif br-app blackhole pref 77\n",
        **{
            "etc/rc.local": "#!/bin/sh\n# ip route add blackhole 10.9.0.0/16\nip route add blackhole 10.8.0.0/16 || true\n",
            "etc/wireguard/wg0.conf": "[Interface]\nPostUp = ip -4 rule add not fwmark 1 table 1; ip rule add to 10.7.0.0/16 table 99\n",
            "etc/systemd/system/x.service": "[Service]\nExecStart=/bin/sh -c 'ip route add unreachable 10.6.0.0/16'\n",
        },
    )
    rule = found.source_of_rule(RoutingRule(version=4, priority=77, iif="br-app", action="blackhole"))
    assert rule is not None
    assert rule.place == "/etc/network/interfaces:3"
    places = {one.destination: one.place for one in found.routes}
    assert places["10.8.0.0/16"] == "/etc/rc.local:3"
    assert "10.9.0.0/16" not in places
    assert found.source_of_rule(RoutingRule(version=4, priority=5, destination="10.7.0.0/16", table=99)) is not None


def test_who_takes_an_interface(tmp_path: Path) -> None:
    write(tmp_path, "etc/systemd/network/10-all.network", "[Match]\nName=*\n[Network]\nDHCP=yes\n")
    taken = read(tmp_path).takes("docker0")
    assert taken is not None
    assert taken.place == "/etc/systemd/network/10-all.network:1"
    write(tmp_path, "etc/systemd/network/05-x.network", "[Match]\nName=docker0 br-*\n[Link]\nUnmanaged=yes\n")
    assert read(tmp_path).takes("docker0") is None
    assert read(tmp_path).takes("veth1234567") is not None


def test_names_of_tables_are_known(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        **{
            "etc/iproute2/rt_tables": "255\tlocal\n# 9 not\n7 vpn\n",
            "etc/rc.local": "ip route add default via 192.0.2.1 table vpn\n",
        },
    )
    assert found.source_of(NetRoute(version=4, destination="0.0.0.0/0", gateway=GATEWAY, table=7)) is not None


def test_a_healthy_host_has_nothing_read(tmp_path: Path) -> None:
    with pytest.raises(HostError, match="nothing is wrong"):
        host_network_files(RootHost(str(tmp_path)), UNREAD, UNREAD, Paths(walked=9), UNREAD, UNREAD)


def test_includes_that_loop_and_odd_nodes_end(tmp_path: Path) -> None:
    write(
        tmp_path,
        "etc/network/interfaces",
        "source /etc/network/*\nsource-directory interfaces.d\nsource /etc/*/interfaces.d/*\n",
    )
    write(tmp_path, "etc/network/interfaces.d/a", "source ../interfaces\niface eth9 inet dhcp\n")
    os.mkfifo(tmp_path / "etc/network/interfaces.d/b")
    (tmp_path / "etc/netplan").mkdir()
    with (tmp_path / "etc/netplan/huge.yaml").open("wb") as file:
        file.truncate(1 << 30)
    write(tmp_path, "etc/netplan/odd.yaml", "network: &a\n  x: *a\n")
    (tmp_path / "etc/systemd/network").mkdir(parents=True)
    (tmp_path / "etc/systemd/network/10-x.network").symlink_to("10-x.network")
    found = read(
        tmp_path, **{"etc/rc.local": "\0ip route add \0 via 9\nip rule\nip route add\nip addr add\nip route add to\n"}
    )
    assert [one.device for one in found.links if one.program == "ifupdown"] == ["eth9"]
    assert {gap.path for gap in found.gaps} >= {"/etc/netplan/huge.yaml", "/etc/netplan/odd.yaml"}


def test_network_manager_leaves_alone_whatever_a_later_file_adds(tmp_path: Path) -> None:
    write(
        tmp_path, "etc/NetworkManager/system-connections/x", "[connection]\nid=x\ntype=bridge\ninterface-name=br-app\n"
    )
    taken = read(tmp_path).takes("br-app")
    assert taken is not None
    assert taken.program == "NetworkManager"
    write(tmp_path, "etc/NetworkManager/NetworkManager.conf", "[keyfile]\nunmanaged-devices=interface-name:docker0\n")
    assert read(tmp_path).takes("br-app") is not None
    write(
        tmp_path,
        "etc/NetworkManager/conf.d/99-doctor-engine.conf",
        "[keyfile]\nunmanaged-devices+=interface-name:br-app\n",
    )
    assert read(tmp_path).takes("br-app") is None


@pytest.mark.parametrize(
    ("name", "text", "bridge", "written"),
    [
        ("systemd/network/10-a.network", "[Match]\nName=*\n[Network]\nDHCP=yes\n", "docker0", "00-doctor-engine.network"),
        ("netplan/1.yaml", "network: {ethernets: {all: {match: {name: '*'}, dhcp4: true}}}\n", "br-app", "00-doctor-engine.network"),
        ("NetworkManager/system-connections/x", "[connection]\ntype=bridge\ninterface-name=docker0\n", "docker0", "99-doctor-engine.conf"),
    ],
)  # fmt: skip
def test_after_the_repair_nobody_takes_the_bridge(
    tmp_path: Path, name: str, text: str, bridge: str, written: str
) -> None:
    write(tmp_path, f"etc/{name}", text)
    (action,) = leave_alone(taker_of(read(tmp_path), bridge))
    assert isinstance(action, WriteFile)
    assert action.path.endswith(written)
    write(tmp_path, action.path.lstrip("/"), action.content.decode())
    assert taker_of(read(tmp_path), bridge) is None


@pytest.mark.parametrize(
    ("name", "text", "bridge"),
    [
        ("systemd/network/00-a.network", "[Match]\nName=*\n", "docker0"),
        ("network/interfaces", "auto docker0\niface docker0 inet static\n  address 192.0.2.1/24\n", "docker0"),
    ],
)
def test_a_file_that_may_be_meant_so_is_left_to_a_person(tmp_path: Path, name: str, text: str, bridge: str) -> None:
    write(tmp_path, f"etc/{name}", text)
    (action,) = leave_alone(taker_of(read(tmp_path), bridge))
    assert isinstance(action, Advise)
    assert f"/etc/{name}" in action.text


def test_a_file_that_names_a_bridge_which_somebody_named_is_a_question(tmp_path: Path) -> None:
    write(tmp_path, "etc/systemd/network/20-x.network", "[Match]\nName=br-app\n[Network]\nAddress=192.0.2.1/24\n")
    (action,) = leave_alone(taker_of(read(tmp_path), "br-app"))
    assert isinstance(action, Choose)
    engine, other = action.options
    assert (engine.name, other.name, other.actions) == ("engine", "systemd-networkd", ())
    (written,) = engine.actions
    assert isinstance(written, WriteFile)
    write(tmp_path, written.path.lstrip("/"), written.content.decode())
    assert taker_of(read(tmp_path), "br-app") is None
