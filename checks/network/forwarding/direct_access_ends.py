"""An upgrade closes the containers' own addresses to other hosts."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.upgrade import EngineUpgrade
from doctor.facts.network.networks import Networks

_SINCE = (28, 0, 0)
_FEW = 3


@check(severity=Severity.INFO, ok="the upgrade closes no address of a container")
def direct_access_ends(networks: Networks, config: EngineConfig, upgrade: EngineUpgrade) -> Iterator[Finding]:
    """After the upgrade, other hosts can't reach published ports by the containers' own addresses any more.

    What it looks at:
        Networks with published ports, in gateway mode "nat", in an upgrade to engine 28 or newer (``--for-engine``). In a scan of
        the host as it is, this check is skipped.

    Why it matters:
        Up to engine 27, a host with a route to a container's address reaches its published ports there. Since 28 the engine drops
        such packets. A router, a monitoring system or another container host that uses the addresses loses its connections;
        ports published on the host's address work as before.

    How it is fixed:
        Manually, if another host uses these addresses: ``allow-direct-routing: true`` (since 28.2), or gateway mode
        "nat-unprotected" or "routed" for a network.

    References:
        https://docs.docker.com/engine/network/port-publishing/#direct-routing
    """
    if not upgrade.crosses(*_SINCE) or config.get("iptables") is False or config.get("allow-direct-routing") is True:
        return
    published = dict.fromkeys(
        network.name for network, _, _ in networks.published() if network.gateway_mode == "nat" and not network.internal
    )
    if published:
        names = [*published]
        shown = ", ".join(names[:_FEW]) + (f" and {len(names) - _FEW} more" if names[_FEW:] else "")
        yield Finding(
            subject=Subject("engine", "direct access"),
            message=(
                f"engine {upgrade.after.text} drops packets that other hosts send to containers' own addresses (networks {shown}): "
                "only the host's address leads to published ports"
            ),
            evidence=(Evidence(networks.source, shown),),
        )
