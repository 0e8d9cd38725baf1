"""Addresses in settings that are valid alone, and can't work together or on this host.

From Moby's ``daemon/daemon_unix.go`` and ``libnetwork``, each rule verified with a real start of 26.1 and 28.5.
"""

import re
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, ip_address, ip_interface, ip_network
from typing import Any

from doctor.facts.config.engine import EngineConfig
from doctor.facts.config.values import NamedThings, ValueProblem
from doctor.facts.network.links import DEFAULT_BRIDGE, Links

_THIS_NETWORK = IPv4Network("0.0.0.0/8")
_MTU_MIN, _MTU_MAX, _MTU_MIN_IPV6 = 68, 65535, 1280


_NO_ADDRESS = "containers on the default network do not start"


def problems(config: EngineConfig, things: NamedThings, links: Links | None) -> Iterator[ValueProblem]:
    """Yield the problems; without the host's interfaces only those that the settings show by themselves."""
    yield from _listeners(config, things, links)
    if config.get("bridge") == "none":
        return
    yield from _bridge(config, links)
    yield from _bip(config)
    yield from _gateway(config, links)
    yield from _fixed(config)
    yield from _ipv6(config)
    yield from _mtu(config)
    yield from _published(config, things, links)
    yield from _pools(config, links)


def _listeners(config: EngineConfig, things: NamedThings, links: Links | None) -> Iterator[ValueProblem]:
    """Judge the addresses of ``hosts``: the engine binds to them at its start."""
    hosts = config.get("hosts") if config.is_set("hosts") else None
    for text in hosts if isinstance(hosts, list) and links is not None and not things.binds_foreign else ():
        found = re.fullmatch(r"tcp://(?:\[([\da-fA-F:]+)\]|([\d.]+))(?::\d+)?/?", str(text))
        address = None if found is None else _any_address(found[1] or found[2])
        if address is not None and links is not None and not _has(links, address):
            yield ValueProblem(
                key="hosts", why=f"no interface of this host has {address}, so it can't listen on {text}"
            )


def _bridge(config: EngineConfig, links: Links | None) -> Iterator[ValueProblem]:
    """Judge ``bridge``: the user creates it before the engine starts."""
    name = config.get("bridge")
    if not isinstance(name, str) or not name or name == DEFAULT_BRIDGE or links is None:
        return
    link = links.link(name)
    if link is None:
        yield ValueProblem(key="bridge", why=f"the bridge {name} does not exist and must be created manually")
    elif link.kind not in {"bridge", "openvswitch"}:
        yield ValueProblem(key="bridge", why=f"the interface {name} is not a bridge")


def _bip(config: EngineConfig) -> Iterator[ValueProblem]:
    bip = _interface(config.get("bip"))
    if bip is None:
        if _version(config.get("bip")) == 6:
            yield ValueProblem(key="bip", why="it takes an IPv4 address")
        return
    network = bip.network
    if bip.ip == network.broadcast_address and network.prefixlen < 31:
        yield ValueProblem(key="bip", why=f"{bip.ip} is the broadcast address of {network}")
    elif network.prefixlen == 32:
        yield ValueProblem(
            key="bip", why=f"{network} has no address for a container", stops=False, halts=True, follows=_NO_ADDRESS
        )
    elif bip.ip.is_loopback or bip.ip.is_multicast or bip.ip in _THIS_NETWORK:
        yield ValueProblem(
            key="bip", why=f"{network} has no addresses of hosts", stops=False, halts=True, follows=_NO_ADDRESS
        )


def _gateway(config: EngineConfig, links: Links | None) -> Iterator[ValueProblem]:
    """Judge ``default-gateway``: the engine reserves it in the bridge's network before anything else."""
    key = "default-gateway"
    gateway = _address(config.get(key))
    if gateway is None:
        if _version(config.get(key)) == 6:
            yield ValueProblem(key=key, why="it takes an IPv4 address")
        return
    network = _default_network(config, links)
    if network is None:
        return
    if gateway not in network:
        yield ValueProblem(key=key, why=f"{gateway} is outside {network}, the default bridge's network")
    elif network.prefixlen < 31 and gateway in {network.network_address, network.broadcast_address}:
        yield ValueProblem(key=key, why=f"{gateway} can't be the address of a host in {network}")
    elif gateway == _own_address(config, links):
        yield ValueProblem(
            key=key, why=f"{gateway} is the bridge's own address, which is the gateway without this setting"
        )
    elif links is not None and not _has_router(links, _bridge_name(config), gateway):
        yield ValueProblem(
            key=key,
            why=f"no interface of this host has {gateway}, and the bridge {_bridge_name(config)} has no port to another network",
            stops=False,
            follows="containers on the default network reach nothing outside",
        )


def _own_address(config: EngineConfig, links: Links | None) -> IPv4Address | None:
    """Return the address that the engine gives to the bridge, or that the bridge has already."""
    bip = _interface(config.get("bip"))
    link = None if links is None else links.link(_bridge_name(config))
    if bip is not None:
        return bip.ip
    return None if link is None or not link.ipv4 else IPv4Address(link.ipv4[0].address)


def _has_router(links: Links, bridge: str, gateway: IPv4Address) -> bool:
    """Whether something may have the address: the host, or a machine behind a port of the bridge that leads elsewhere."""
    if links.link(bridge) is None:
        return True
    own = any(address.address == str(gateway) for link in links.links for address in link.ipv4)
    return own or any(port.kind != "veth" or not port.peer_namespace for port in links.ports(bridge))


def _fixed(config: EngineConfig) -> Iterator[ValueProblem]:
    fixed, bip = _network(config.get("fixed-cidr")), _interface(config.get("bip"))
    if fixed is not None and bip is not None and not fixed.subnet_of(bip.network):
        yield ValueProblem(
            key="fixed-cidr",
            why=f"{fixed} is not inside {bip.network}, the network of bip",
            stops=False,
            follows="the setting has no effect",
        )


def _ipv6(config: EngineConfig) -> Iterator[ValueProblem]:
    key = "fixed-cidr-v6"
    value = config.get(key)
    if _version(value) == 4:
        yield ValueProblem(key=key, why=f"{value} is not an IPv6 subnet")
        return
    if _version(value) != 6 or config.get("ipv6") is not True:
        return
    network = ip_network(str(value), strict=False)
    if network.prefixlen > 126:
        yield ValueProblem(
            key=key, why=f"{network} has no address for a container", stops=False, halts=True, follows=_NO_ADDRESS
        )
    gateway = config.get("default-gateway-v6")
    if _version(gateway) == 6 and ip_address(str(gateway)) not in network:
        why = f"{gateway} is outside {network}, the default bridge's network"
        yield ValueProblem(key="default-gateway-v6", why=why)


def _mtu(config: EngineConfig) -> Iterator[ValueProblem]:
    mtu = config.get("mtu")
    if isinstance(mtu, bool) or not isinstance(mtu, int) or mtu <= 0:
        return
    if not _MTU_MIN <= mtu <= _MTU_MAX:
        yield ValueProblem(key="mtu", why=f"{mtu} is not between {_MTU_MIN} and {_MTU_MAX}")
    elif mtu < _MTU_MIN_IPV6 and config.get("ipv6") is True:
        yield ValueProblem(key="mtu", why=f"IPv6 needs at least {_MTU_MIN_IPV6}, not {mtu}")


def _published(config: EngineConfig, things: NamedThings, links: Links | None) -> Iterator[ValueProblem]:
    """Judge ``ip``: docker-proxy binds to it."""
    address = _any_address(config.get("ip"))
    if address is None or links is None or things.binds_foreign or _has(links, address):
        return
    yield ValueProblem(
        key="ip",
        why=f"no interface of this host has {address}",
        stops=False,
        halts=True,
        follows="containers that publish ports do not start",
    )


def _pools(config: EngineConfig, links: Links | None) -> Iterator[ValueProblem]:
    """Judge ``default-address-pools`` for the default network, if nothing else gives it a subnet."""
    key = "default-address-pools"
    pools = config.get(key)
    given = [entry.get("base") for entry in pools if isinstance(entry, dict)] if isinstance(pools, list) else []
    if not given or config.get("bip") or config.get("fixed-cidr") or config.get("bridge"):
        return
    bases = [network for base in given if (network := _network(base)) is not None]
    if not bases:
        if all(_version(base) == 6 for base in given):
            yield ValueProblem(key=key, why="it has no IPv4 pool, and the default bridge needs an IPv4 subnet")
        return
    if links is None or _bridge_network(links, DEFAULT_BRIDGE) is not None:
        return
    routes = [route.network for route in links.main if route.network is not None and route.destination != "default"]
    if all(any(base.subnet_of(route) for route in routes) for base in bases):
        named = ", ".join(map(str, bases))
        yield ValueProblem(key=key, why=f"no subnet is left for the default bridge: routes of this host cover {named}")


def _default_network(config: EngineConfig, links: Links | None) -> IPv4Network | None:
    """Return the network of the default bridge, ``None`` if the engine will choose one from its pools."""
    bip = _interface(config.get("bip"))
    if bip is not None:
        return bip.network
    existing = None if links is None else _bridge_network(links, _bridge_name(config))
    fixed = _network(config.get("fixed-cidr"))
    if fixed is None:
        return existing
    return existing if existing is not None and fixed.subnet_of(existing) else fixed


def _bridge_name(config: EngineConfig) -> str:
    bridge = config.get("bridge")
    return bridge if isinstance(bridge, str) and bridge else DEFAULT_BRIDGE


def _bridge_network(links: Links, name: str) -> IPv4Network | None:
    link = links.link(name)
    return None if link is None or not link.ipv4 else IPv4Network(link.ipv4[0].network)


def _any_address(value: Any) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(str(value))
    except ValueError:
        return None


def _has(links: Links, address: IPv4Address | IPv6Address) -> bool:
    """Whether a program can bind to the address."""
    if address.is_unspecified or address.is_loopback:
        return True
    return any(one.address == str(address) for link in links.links for one in link.addresses)


def _interface(value: Any) -> IPv4Interface | None:
    try:
        found = ip_interface(str(value)) if "/" in str(value) else None
    except ValueError:
        return None
    return found if isinstance(found, IPv4Interface) else None


def _network(value: Any) -> IPv4Network | None:
    found = _interface(value)
    return None if found is None else found.network


def _address(value: Any) -> IPv4Address | None:
    found = _any_address(value)
    return found if isinstance(found, IPv4Address) else None


def _version(value: Any) -> int:
    """Return 4 or 6 for an address or a subnet, 0 for anything else."""
    try:
        return ip_interface(str(value)).version
    except ValueError:
        return 0
