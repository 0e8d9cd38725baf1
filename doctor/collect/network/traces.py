"""Searches traces of networks whose records are lost: existing bridges, and containers' hosts files."""

from ipaddress import IPv4Address, IPv4Network
from typing import Any

from doctor.engines.docker import places as docker
from doctor.facts.config.engine import EngineConfig
from doctor.facts.containers.containers import Containers
from doctor.facts.network.links import USER_BRIDGE, Links
from doctor.facts.network.traces import BUILT_IN_POOLS, NetworkTraces
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing
from doctor.model.paths import HostPath, join

_INNER = frozenset({"bridge", "dummy", "ifb", "tun", "vxlan", "wireguard", "macvlan", "ipvlan"})
"""Interfaces that are not the parent of a macvlan network, or whose subnet a bridge of the engine may have."""
_HOSTS_BYTES = 1 << 20


@collector
def network_traces(
    host: Host, containers: Containers | Missing, links: Links | Missing, config: EngineConfig | Missing
) -> NetworkTraces:
    """Return the traces; only a fixer asks."""
    known = links.links if isinstance(links, Links) else ()
    uplinks = {
        link.name: link.ipv4[0].network
        for link in known
        if link.ipv4 and link.kind not in _INNER and "LOOPBACK" not in link.flags
    }
    bridges = {
        found[1]: link.ipv4[0].text
        for link in known
        if link.kind == "bridge" and link.ipv4 and (found := USER_BRIDGE.fullmatch(link.name))
    }
    items = containers.items if isinstance(containers, Containers) else ()
    settings = config if isinstance(config, EngineConfig) else None
    pools = _pools(settings.get("default-address-pools") if settings is not None else None)
    first = next(IPv4Network(pools[0][0]).subnets(new_prefix=pools[0][1]))
    bip = str((settings.get("bip") if settings is not None else None) or first)
    return NetworkTraces(
        bridges=bridges,
        addresses={
            one.id: last for one in items if (last := _addresses(host, join(one.directory, docker.HOSTS), one.short))
        },
        pools=pools,
        uplinks=uplinks,
        busy=(_subnet(bip, str(first)), *(address.network for link in known for address in link.ipv4)),
    )


def _subnet(text: str, otherwise: str) -> str:
    try:
        return str(IPv4Network(text, strict=False))
    except ValueError:
        return otherwise


def _addresses(host: Host, path: HostPath, short: str) -> tuple[str, ...]:
    """Return the IPv4 addresses of a container in its own hosts file."""
    try:
        text = host.read(path, follow=False, limit_bytes=_HOSTS_BYTES).decode("utf-8", "replace")
    except HostError:
        return ()
    lines = (line.partition("#")[0].split() for line in text.splitlines())
    return tuple(words[0] for words in lines if len(words) > 1 and short in words[1:] and _is_ipv4(words[0]))


def _is_ipv4(text: str) -> bool:
    try:
        return not IPv4Address(text).is_loopback
    except ValueError:
        return False


def _pools(setting: Any) -> tuple[tuple[str, int], ...]:
    found = []
    for pool in setting if isinstance(setting, list) else ():
        try:
            base, size = IPv4Network(pool["base"], strict=False), pool["size"]
        except (ValueError, TypeError, LookupError):
            continue
        if isinstance(size, int) and base.prefixlen <= size <= 30:
            found.append((str(base), size))
    return tuple(found) or BUILT_IN_POOLS
