"""Settings that dockerd 26.1.5 was started with: what it did with each, and what the rules say of it."""

from typing import Any

import pytest

from doctor.facts.config import address_values, value_formats
from doctor.facts.config.engine import EffectiveSetting, EngineConfig
from doctor.facts.config.values import NamedThings
from doctor.facts.network.links import Address, Link, Links, Route

STOPS, HALTS, FAILS = "the engine does not start", "containers do not start", "something else does not work"
LIMIT = {"Name": "nofile", "Soft": 64, "Hard": 64}


def address(text: str) -> Address:
    """An address of an interface."""
    value, _, prefix = text.partition("/")
    return Address(family="inet6" if ":" in value else "inet", address=value, prefix=int(prefix), scope="global")


def link(index: int, name: str, *addresses: str, kind: str = "", master: str = "", peer: int | None = None) -> Link:
    """An interface that is up."""
    return Link(
        index=index, name=name, flags=frozenset({"UP"}), mtu=1500, kind=kind, master=master,
        peer_index=peer or 0, peer_namespace=peer, addresses=tuple(map(address, addresses)),
    )  # fmt: skip


LAN = Route(destination="198.51.100.0/24", device="eth0")
HOST = Links(links=(link(1, "lo", "127.0.0.1/8"), link(2, "eth0", "198.51.100.1/24")), routes=(LAN,))
DOCKER0 = link(3, "docker0", "10.9.0.1/24", kind="bridge")
PORT = link(4, "veth1", kind="veth", master="docker0", peer=7)
RUNNING = Links(links=(*HOST.links, DOCKER0, PORT), routes=HOST.routes)


def config(settings: dict[str, Any]) -> EngineConfig:
    """The settings as daemon.json gives them."""
    return EngineConfig(settings={key: EffectiveSetting(value=value, origin="file") for key, value in settings.items()})


def judged(settings: dict[str, Any], links: Links | None = HOST, *, binds_foreign: bool = False) -> dict[str, str]:
    """Setting → what the engine does."""
    things = NamedThings(missing_paths={}, most_files=1 << 20, binds_foreign=binds_foreign)
    found = (
        *value_formats.problems(config(settings), things),
        *address_values.problems(config(settings), things, links),
    )
    return {one.key: STOPS if one.stops else HALTS if one.halts else FAILS for one in found}


@pytest.mark.parametrize(
    ("settings", "key", "effect"),
    [
        ({"bip": "10.9.0.255/24"}, "bip", STOPS),
        ({"bip": "fd00::1/64"}, "bip", STOPS),
        ({"bip": "172.31.0.1/32"}, "bip", HALTS),
        ({"bip": "127.1.0.1/24"}, "bip", HALTS),
        ({"bip": "224.0.0.1/24"}, "bip", HALTS),
        ({"bip": "0.0.0.1/8"}, "bip", HALTS),
        ({"bip": "10.9.0.1/24", "default-gateway": "10.10.0.1"}, "default-gateway", STOPS),
        ({"bip": "10.9.0.1/24", "default-gateway": "10.9.0.0"}, "default-gateway", STOPS),
        ({"bip": "10.9.0.1/24", "default-gateway": "10.9.0.1"}, "default-gateway", STOPS),
        ({"fixed-cidr": "10.9.0.0/24", "default-gateway": "10.10.0.1"}, "default-gateway", STOPS),
        ({"default-gateway": "fd00::1"}, "default-gateway", STOPS),
        ({"ipv6": True, "fixed-cidr-v6": "fd00:9::/64", "default-gateway-v6": "fd00:10::1"}, "default-gateway-v6", STOPS),
        ({"ipv6": True, "fixed-cidr-v6": "10.1.0.0/24"}, "fixed-cidr-v6", STOPS),
        ({"ipv6": True, "fixed-cidr-v6": "fd00:9::/127"}, "fixed-cidr-v6", HALTS),
        ({"bip": "10.9.0.1/24", "fixed-cidr": "10.10.0.0/24"}, "fixed-cidr", FAILS),
        ({"ip": "203.0.113.7"}, "ip", HALTS),
        ({"mtu": 60}, "mtu", STOPS),
        ({"mtu": 70000}, "mtu", STOPS),
        ({"mtu": 1000, "ipv6": True, "fixed-cidr-v6": "fd00:9::/64"}, "mtu", STOPS),
        ({"default-address-pools": [{"base": "198.51.100.0/24", "size": 26}]}, "default-address-pools", STOPS),
        ({"default-address-pools": [{"base": "fd00:5::/56", "size": 64}]}, "default-address-pools", STOPS),
        ({"hosts": ["tcp://203.0.113.7:2375"]}, "hosts", STOPS),
        ({"hosts": ["127.0.0.1:2375/x"]}, "hosts", STOPS),
        ({"bridge": "br-nosuch"}, "bridge", STOPS),
        ({"bridge": "eth0"}, "bridge", STOPS),
        ({"runtimes": {"x": {}}}, "runtimes", STOPS),
        ({"runtimes": {"x": {"path": "/usr/bin/x", "runtimeType": "io.containerd.runc.v2"}}}, "runtimes", STOPS),
        ({"runtimes": {"x": {"runtimeType": "io.containerd.runc.v2", "runtimeArgs": ["--debug"]}}}, "runtimes", STOPS),
        ({"runtimes": {"x": {"path": "/usr/bin/x", "options": {"a": "b"}}}}, "runtimes", STOPS),
        ({"insecure-registries": ["reg example"]}, "insecure-registries", STOPS),
        ({"insecure-registries": ["reg:99999"]}, "insecure-registries", STOPS),
        ({"insecure-registries": ["reg:abc"]}, "insecure-registries", STOPS),
        ({"insecure-registries": ["-reg"]}, "insecure-registries", STOPS),
        ({"metrics-addr": "nope"}, "metrics-addr", STOPS),
        ({"host-gateway-ip": "300.1.1.1"}, "host-gateway-ip", STOPS),
        ({"node-generic-resources": ["gpu"]}, "node-generic-resources", STOPS),
        ({"node-generic-resources": ["gpu=a", "gpu=2"]}, "node-generic-resources", STOPS),
        ({"builder": {"gc": {"enabled": True, "defaultKeepStorage": "10XB"}}}, "builder", STOPS),
        ({"builder": {"gc": "yes"}}, "builder", STOPS),
        ({"tlsverify": True}, "tlsverify", STOPS),
        ({"default-ulimits": {"bogus": {"Name": "bogus", "Soft": 1, "Hard": 2}}}, "default-ulimits", HALTS),
        ({"default-ulimits": {"nofile": {"Soft": 64, "Hard": 64}}}, "default-ulimits", HALTS),
        ({"default-ulimits": {"nofile": {"Name": "nofile", "Hard": 4096}}}, "default-ulimits", HALTS),
        ({"default-ulimits": {"nofile": {"Name": "nofile", "Soft": 99, "Hard": 9999999999}}}, "default-ulimits", HALTS),
        ({"default-ulimits": {"nofile": {"Name": "nofile", "Soft": 8, "Hard": 100}}}, "default-ulimits", HALTS),
    ],
)  # fmt: skip
def test_a_bad_value_has_the_effect_that_the_engine_showed(settings: dict[str, Any], key: str, effect: str) -> None:
    """One setting is blamed, for what really happens."""
    assert judged(settings) == {key: effect}


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"bip": "10.9.0.1/24", "fixed-cidr": "10.9.0.128/25"},
        {"bip": "10.9.0.1/31"},
        {"bip": "198.51.100.129/25"},
        {"fixed-cidr": "10.10.0.0/24"},
        {"ip": "127.0.0.1"},
        {"ip": "::"},
        {"ip": "198.51.100.1"},
        {"mtu": 500},
        {"mtu": 0},
        {"default-gateway-v6": "fd00:10::1"},
        {"ipv6": True, "fixed-cidr-v6": "fe80::/64"},
        {"default-address-pools": [{"base": "10.1.0.5/16", "size": 24}]},
        {"default-address-pools": [{"base": "198.51.0.0/16", "size": 24}]},
        {"default-address-pools": [{"base": "198.51.100.0/24", "size": 26}], "bip": "10.9.0.1/24"},
        {"hosts": ["unix:///var/run/docker.sock", "tcp://127.0.0.1:2376", "tcp://nosuch.example:2375", "fd://"]},
        {"bridge": "none", "default-gateway": "10.10.0.1"},
        {"runtimes": {"x": {"runtimeType": "io.containerd.runc.v2", "options": {"BinaryName": "/usr/bin/x"}}}},
        {"insecure-registries": ["http://reg.example:5000", "10.0.0.0/8", "reg", "[fd00::1]:5000"]},
        {"metrics-addr": "127.0.0.1:9323"},
        {"node-generic-resources": ["gpu=a", "gpu=b", "ssd=2"]},
        {"builder": {"gc": {"enabled": True, "policy": [{"keepStorage": "10GB", "filter": ["unused-for=2200h"]}]}}},
        {"default-ulimits": {"nofile": LIMIT, "nproc": {"Name": "NPROC", "Soft": 1, "Hard": 2}}},
    ],
)
def test_what_the_engine_works_with_is_silent(settings: dict[str, Any]) -> None:
    """Odd, and right."""
    assert judged(settings) == {}


def test_a_gateway_that_nobody_has_is_seen_where_all_ports_are_containers() -> None:
    """With a hardware port another machine may have it: that is what the setting is for."""
    settings = {"bip": "10.9.0.1/24", "default-gateway": "10.9.0.254"}
    hardware = link(5, "eth1", master="docker0")
    assert judged(settings, RUNNING) == {"default-gateway": FAILS}
    assert judged(settings, Links(links=(*RUNNING.links, hardware), routes=())) == {}
    assert judged(settings, HOST) == {}
    assert judged(settings, None) == {}


def test_an_address_that_moves_between_hosts_is_no_fault() -> None:
    """With ip_nonlocal_bind a program may bind to an address that another host has at the moment."""
    assert judged({"ip": "203.0.113.7"}, binds_foreign=True) == {}
    assert judged({"ip": "203.0.113.7"}, None) == {}


def test_a_pool_that_the_bridge_already_uses_is_no_fault() -> None:
    """The engine keeps the address of docker0."""
    pools = {"default-address-pools": [{"base": "10.9.0.0/24", "size": 24}]}
    own = Route(destination="10.9.0.0/24", device="docker0")
    assert judged(pools, Links(links=RUNNING.links, routes=(LAN, own))) == {}


def test_the_bridges_own_address_is_no_gateway_of_the_settings() -> None:
    """The engine reserves the address twice, and does not start: with bip, with docker0 of the last start, with a user's bridge."""
    assert judged({"default-gateway": "10.9.0.1"}, RUNNING) == {"default-gateway": STOPS}
    own = Links(links=(*HOST.links, link(6, "br0", "10.77.0.1/24", kind="bridge")), routes=())
    assert judged({"bridge": "br0", "default-gateway": "10.77.0.1"}, own) == {"default-gateway": STOPS}
    assert judged({"bridge": "br0", "fixed-cidr": "10.77.0.128/25"}, own) == {}
