"""resolv.conf names only this machine."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.state import EngineVersion
from doctor.facts.network.details import LoopbackOnly
from doctor.facts.network.dns import RESOLV_CONF, HostDns


@check(
    severity=Severity.WARNING,
    detail=LoopbackOnly,
    breaks=("dns",),
    ok="containers get name servers that they can reach",
)
def resolv_loopback_only(dns: HostDns, engine: EngineConfig, version: EngineVersion | Missing) -> Iterator[Finding]:
    """The host's only name servers are on its loopback, so containers on the default network silently get 8.8.8.8.

    What it looks at:
        The nameserver lines, unless "dns" is set for the engine. systemd-resolved's 127.0.0.53 is left out, since the engine
        reads resolved's own list then; so is an engine of 28 or newer, which asks the host's resolver from outside the
        container.

    Why it matters:
        A container's loopback is its own. The engine leaves such servers out and puts 8.8.8.8 and 8.8.4.4 in their place with
        no more than an info line in its log: internal names don't resolve, and many networks block those servers.

    How it is fixed:
        "dns" in daemon.json is set to the real servers that dnsmasq, NetworkManager or resolvconf left in /run, where there
        are some; the engine is restarted, and containers get them when they start again.

    References:
        https://docs.docker.com/engine/network/#dns-services
        moby/moby: libnetwork/internal/resolvconf
    """
    if dns.config is None or not dns.config.is_loopback_only or dns.is_stub or engine.is_set("dns"):
        return
    if isinstance(version, EngineVersion) and version.at_least(28):
        return
    servers = tuple(dict.fromkeys(server for source in dns.sources() for server in source.outer))
    yield Finding(
        subject=Subject("file", RESOLV_CONF),
        message=(
            "containers on the default network get 8.8.8.8 instead of this host's name servers: "
            f"{RESOLV_CONF} names only {', '.join(dns.config.nameservers)}"
        ),
        evidence=(
            Evidence(RESOLV_CONF, ", ".join(f"nameserver {server}" for server in dns.config.nameservers)),
            *(Evidence(source.path, ", ".join(source.outer)) for source in dns.sources()),
        ),
        detail=LoopbackOnly(servers=servers),
    )
