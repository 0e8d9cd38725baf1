"""resolv.conf names a resolver of this host, and none runs."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.network.dns import RESOLV_CONF, HostDns


@check(
    severity=Severity.ERROR,
    breaks=("dns",),
    ok="the resolver in resolv.conf answers",
    messages=(
        Message(
            pattern=r"lookup \S+ on (?:127\.\d+\.\d+\.\d+|\[::1\]):53: .*(?:connection refused|i/o timeout|server misbehaving)",
            example="Error response from daemon: Get https://registry-1.docker.io/v2/: dial tcp: lookup registry-1.docker.io on 127.0.1.1:53: read udp 127.0.0.1:39049->127.0.1.1:53: read: connection refused",
            means="the engine asks a resolver on this host, and no program answers there",
            do="start that resolver (systemd-resolved, dnsmasq), or name another server in resolv.conf",
            also=("dns/resolv-dangling", "dns/resolv-missing", "dns/resolv-empty"),
        ),
    ),
)
def resolver_dead(dns: HostDns) -> Iterator[Finding]:
    """/etc/resolv.conf names only resolvers of this host, and no program listens there, so no name resolves.

    What it looks at:
        The nameserver lines, and the sockets on port 53 of the loopback addresses that they name: 127.0.0.53 of
        systemd-resolved, 127.0.1.1 of dnsmasq, 127.0.0.1 of unbound. A mounted disk is not checked.

    Why it matters:
        The host resolves no names, so the engine pulls no images, and containers on user-defined networks get SERVFAIL for
        external names.

    How it is fixed:
        The file is replaced with a link to a list of real servers that systemd-resolved or another program has written in
        /run, if there is one. Otherwise the advice is to start the resolver.

    References:
        https://www.freedesktop.org/software/systemd/man/latest/systemd-resolved.service.html
    """
    dead = dns.dead_resolvers
    if dead:
        named = ", ".join(dead)
        yield Finding(
            subject=Subject("file", RESOLV_CONF),
            message=f"{RESOLV_CONF} names only {named}, where no program listens: no name resolves",
            evidence=(
                Evidence(RESOLV_CONF, ", ".join(f"nameserver {address}" for address in dead)),
                Evidence("/proc/net/{udp,tcp}", f"no listener on port 53 of {named}"),
            ),
        )
