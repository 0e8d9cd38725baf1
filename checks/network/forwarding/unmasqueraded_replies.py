"""Packets addressed to the containers of a network are dropped, and replies to them are."""

from collections.abc import Iterator
from ipaddress import IPv4Network

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.state import EngineVersion
from doctor.facts.firewall.packet_filter import Firewall
from doctor.facts.network.networks import Network, Networks

_SINCE = (28, 2, 0)
_TRUSTED = "com.docker.network.bridge.trusted_host_interfaces"
_NO_RAW = "DOCKER_INSECURE_NO_IPTABLES_RAW"


@check(severity=Severity.ERROR, breaks=("egress",), ok="no network without masquerading loses its replies")
def unmasqueraded_replies(
    networks: Networks, config: EngineConfig, version: EngineVersion, firewall: Firewall | Missing
) -> Iterator[Finding]:
    """A network does not masquerade, and the engine drops packets to its containers' own addresses: they get no replies.

    What it looks at:
        Bridge networks with containers, without masquerading (``com.docker.network.bridge.enable_ip_masquerade=false``, for the
        default network ``ip-masq: false``) and in gateway mode "nat", since engine 28.2; unless the engine allows direct routing,
        its rules in the raw table are off, the network has trusted interfaces, or other rules translate source addresses.

    Why it matters:
        Up to engine 28.1 such containers reached other hosts that have a route to them. Since then a rule in the raw table drops
        every packet that arrives from outside for a container's own address, replies included: each connection times out.

    How it is fixed:
        Manually, because it opens the containers to other hosts: ``allow-direct-routing: true`` in daemon.json for all networks,
        or a new network with ``-o com.docker.network.bridge.gateway_mode_ipv4=routed``.

    References:
        https://docs.docker.com/engine/network/port-publishing/#direct-routing
        moby/moby: daemon/libnetwork/drivers/bridge/internal/iptabler/endpoint.go
    """
    if version.release < _SINCE or _is_open(config) or _is_unsure(firewall):
        return
    used = {endpoint.network_id for endpoint in networks.endpoints}
    for network in networks.bridges:
        if network.id in used and _loses(network) and not _translated(network, firewall):
            yield Finding(
                subject=Subject("network", network.name),
                message=(
                    f"network {network.name} does not masquerade, and engine {version.text} drops packets to its containers' "
                    "addresses: they get no replies from other hosts"
                ),
                evidence=(
                    Evidence(networks.source, f"{network.name}: masquerade off, gateway mode {network.gateway_mode}"),
                    Evidence(version.source, f"engine {version.text}; direct access is dropped since 28.2"),
                ),
            )


def _is_open(config: EngineConfig) -> bool:
    return (
        config.get("allow-direct-routing") is True
        or config.get("iptables") is False
        or config.flags.environment.get(_NO_RAW) == "1"
    )


def _loses(network: Network) -> bool:
    plain = network.gateway_mode == "nat" and not network.internal and bool(network.subnets)
    return plain and not network.masquerade and not network.host_ip and not network.options.get(_TRUSTED)


def _is_unsure(firewall: Firewall | Missing) -> bool:
    return isinstance(firewall, Missing) or bool(firewall.foreign)


def _translated(network: Network, firewall: Firewall | Missing) -> bool:
    """Whether a rule that the engine did not write may translate the containers' addresses; replies then have the host's."""
    saved = [] if isinstance(firewall, Missing) else [one for one in (firewall.v4, firewall.other) if one is not None]
    return any(_covers(rule.text.split(), network) for one in saved for rule in one.rules("nat", "POSTROUTING"))


def _covers(words: list[str], network: Network) -> bool:
    """Whether a rule of POSTROUTING translates packets from the network to other hosts."""
    if not {"SNAT", "MASQUERADE"} & set(words) or "LOCAL" in words or "-d" in words:
        return False
    if "-s" not in words or words[words.index("-s") - 1] == "!":
        return True
    try:
        source = IPv4Network(words[words.index("-s") + 1], strict=False)
    except (ValueError, IndexError):
        # A mask with gaps, or a comment with these letters.
        return True
    return any(source.overlaps(IPv4Network(subnet)) for subnet in network.subnets)
