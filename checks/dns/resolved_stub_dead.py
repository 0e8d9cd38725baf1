"""resolv.conf names systemd-resolved, which does not answer."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.network.dns import RESOLV_CONF, STUB_ADDRESS, HostDns


@check(
    severity=Severity.ERROR,
    breaks=("dns", "image"),
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
def resolved_stub_dead(dns: HostDns) -> Iterator[Finding]:
    """/etc/resolv.conf names only systemd-resolved's stub, and no program listens there, so no name resolves.

    What it looks at:
        The nameserver lines, and the sockets on port 53 of 127.0.0.53. A mounted disk is not checked.

    Why it matters:
        The host resolves no names, and containers on user-defined networks get SERVFAIL for external names.

    How it is fixed:
        The file is replaced with a link to a list of real servers that systemd-resolved or another program has written in
        /run, if there is one. Otherwise the advice is to start systemd-resolved.

    References:
        https://www.freedesktop.org/software/systemd/man/latest/systemd-resolved.service.html
    """
    if dns.is_stub and dns.has_listener(STUB_ADDRESS) is False:
        yield Finding(
            subject=Subject("file", RESOLV_CONF),
            message=f"{RESOLV_CONF} names only {STUB_ADDRESS}, where no program listens: no name resolves",
            evidence=(
                Evidence(RESOLV_CONF, f"nameserver {STUB_ADDRESS}"),
                Evidence("/proc/net/{udp,tcp}", f"no listener on {STUB_ADDRESS}:53"),
            ),
        )
