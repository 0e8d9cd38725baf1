"""New networks have no free subnet."""

from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Any

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.network.links import Links
from doctor.facts.network.networks import Networks
from doctor.model.text import plural

# moby libnetwork/ipamutils: 172.17 to 172.31 as /16, 192.168.0.0/16 as /20.
DEFAULTS = (*((f"172.{second}.0.0/16", 16) for second in range(17, 32)), ("192.168.0.0/16", 20))


@check(
    severity=Severity.WARNING,
    ok="new networks have free subnets",
    messages=(
        Message(
            pattern="could not find an available,? non-overlapping IPv4 address pool.*|list bridge addresses failed: no available network|all predefined address pools have been fully subnetted",
            example="could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network",
            means="no free subnet is left for another network",
            do="remove unused networks with 'docker network prune', or set \"default-address-pools\"",
        ),
    ),
)
def pool_exhausted(networks: Networks, links: Links | Missing, engine: EngineConfig) -> Iterator[Finding]:
    """Every subnet of the engine's address pools is in use, so "docker network create" and "compose up" fail.

    What it looks at:
        The subnets of the pools ("default-address-pools", else the 31 built-in subnets) that overlap no network of the engine and
        no route of the host to a link (a route by a gateway does not count for the engine either). If one or two are left, the finding is a remark.

    Why it matters:
        Creating a network fails with "could not find an available, non-overlapping IPv4 address pool among the defaults".

    How it is fixed:
        Manually: remove unused networks ("docker network prune"), or set smaller subnets in "default-address-pools": one /16
        split into /24s gives 256 networks. The engine reads the setting at its start.

    References:
        https://docs.docker.com/reference/cli/dockerd/#default-network-options
        moby/moby: libnetwork/ipamutils/utils.go
    """
    taken = [IPv4Network(subnet, strict=False) for network in networks.items for subnet in network.subnets]
    if isinstance(links, Links):
        # The engine counts routes of the link alone (libnetwork, netutils): one by a gateway takes no subnet from it.
        taken += [
            route.network
            for route in links.main
            if route.network is not None and route.destination != "default" and not route.gateway
        ]
    pools = _pools(engine.get("default-address-pools"))
    total = free = 0
    for base, size in pools:
        for subnet in base.subnets(new_prefix=size):
            total += 1
            free += not any(subnet.overlaps(network) for network in taken)
            if free > 2:
                return
    if not total:
        return
    yield Finding(
        subject=Subject("engine", "address pools"),
        message=(
            f"all {total} subnets of the address pools are in use: new networks can't be created"
            if not free
            else f"only {free} of {total} subnets of the address pools {'is' if free == 1 else 'are'} free: network creation may soon fail"
        ),
        evidence=(
            Evidence(
                engine.setting("default-address-pools").place, ", ".join(f"{base} as /{size}" for base, size in pools)
            ),
            Evidence(networks.source, plural(len(networks.items), "network")),
        ),
        severity=Severity.INFO if free else None,
    )


def _pools(setting: Any) -> list[tuple[IPv4Network, int]]:
    """Return (base, size) of IPv4 pools; config/invalid-value reports pools that the engine rejects."""
    entries = [(entry.get("base"), entry.get("size")) for entry in setting or () if isinstance(entry, dict)]
    pools = []
    for base, size in entries or DEFAULTS:
        try:
            network = IPv4Network(str(base), strict=False)
        except ValueError:
            continue
        if isinstance(size, int) and network.prefixlen <= size <= 32:
            pools.append((network, size))
    return pools
