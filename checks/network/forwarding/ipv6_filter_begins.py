"""An upgrade makes the engine filter and translate IPv6."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.upgrade import EngineUpgrade
from doctor.facts.network.networks import Networks

_SINCE = (27, 0, 0)


@check(severity=Severity.WARNING, ok="the upgrade does not change how IPv6 of containers is filtered")
def ipv6_filter_begins(networks: Networks, config: EngineConfig, upgrade: EngineUpgrade) -> Iterator[Finding]:
    """After the upgrade, the engine filters IPv6: other hosts reach only published ports of containers.

    What it looks at:
        Bridge networks with IPv6, in an upgrade to engine 27 or newer (``--for-engine``), if ``ip6tables`` is not set. In a scan
        of the host as it is, this check is skipped.

    Why it matters:
        Up to engine 26, ``ip6tables`` is off: each container with a global IPv6 address is open to every host that has a route to
        it, and its connections leave with its own address. Since 27 the engine writes the same rules as for IPv4: ports that are
        not published are closed, and connections leave with the host's address.

    How it is fixed:
        Manually, before the upgrade: publish the ports that other hosts need, or create the network again with
        ``-o com.docker.network.bridge.gateway_mode_ipv6=routed`` afterwards. ``ip6tables: false`` keeps all open.

    References:
        https://docs.docker.com/engine/release-notes/27/
        https://docs.docker.com/engine/network/drivers/bridge/
    """
    if not upgrade.crosses(*_SINCE) or config.is_set("ip6tables") or config.get("iptables") is False:
        return
    for network in networks.bridges:
        if network.subnets6 and not network.internal and network.gateway_mode6 == "nat":
            yield Finding(
                subject=Subject("network", network.name),
                message=(
                    f"engine {upgrade.after.text} filters IPv6: other hosts reach only published ports of network {network.name}, "
                    "and its containers' connections get the host's address"
                ),
                evidence=(
                    Evidence(networks.source, f"{network.name}: {', '.join(network.subnets6)}"),
                    Evidence(config.setting("ip6tables").place, "ip6tables is not set: on since 27"),
                ),
            )
