"""resolv.conf names only loopback addresses."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.state import EngineVersion
from doctor.facts.network.details import LoopbackOnly
from doctor.facts.network.dns import RESOLV_CONF, HostDns


@check(
    severity=Severity.WARNING,
    detail=LoopbackOnly,
    breaks=("dns",),
    ok="containers get name servers that they can reach",
    messages=(
        Message(
            pattern="No non-localhost DNS nameservers are left.*",
            example="No non-localhost DNS nameservers are left in resolv.conf. Using default external servers",
            means="the host's resolv.conf has only loopback servers, so containers use public servers",
            do='name a server that containers can reach in "dns"',
            also=("dns/resolv-empty",),
        ),
    ),
)
def resolv_loopback_only(dns: HostDns, engine: EngineConfig, version: EngineVersion | Missing) -> Iterator[Finding]:
    """The host's name servers all have loopback addresses, so containers on the default network silently get 8.8.8.8.

    What it looks at:
        The nameserver lines, unless "dns" is set for the engine. systemd-resolved's 127.0.0.53 is accepted because the engine
        then reads resolved's own list. An engine of version 28 or newer is not checked: it queries the host's resolver from
        outside the container. Neither is a resolver that does not run, which ``dns/resolver-dead`` reports.

    Why it matters:
        A container has its own loopback interface. The engine replaces such servers with 8.8.8.8 and 8.8.4.4 and logs only an
        info line: internal names don't resolve, and many networks block those servers.

    How it is fixed:
        "dns" in daemon.json is set to the real servers that dnsmasq, NetworkManager or resolvconf list in /run, if there are
        any. The engine is restarted, and containers get the servers at their next start.

    References:
        https://docs.docker.com/engine/network/#dns-services
        moby/moby: libnetwork/internal/resolvconf
    """
    if dns.config is None or not dns.config.is_loopback_only or dns.is_stub or engine.is_set("dns"):
        return
    if dns.dead_resolvers or (isinstance(version, EngineVersion) and version.at_least(28)):
        return
    servers = tuple(dict.fromkeys(server for source in dns.sources() for server in source.outer))
    yield Finding(
        subject=Subject("file", RESOLV_CONF),
        message=(
            f"{RESOLV_CONF} names only {', '.join(dns.config.nameservers)}: "
            "containers on the default network get 8.8.8.8 instead of this host's name servers"
        ),
        evidence=(
            Evidence(RESOLV_CONF, ", ".join(f"nameserver {server}" for server in dns.config.nameservers)),
            *(Evidence(source.path, ", ".join(source.outer)) for source in dns.sources()),
        ),
        detail=LoopbackOnly(servers=servers),
    )
