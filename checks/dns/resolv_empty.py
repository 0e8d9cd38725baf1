"""/etc/resolv.conf names no name server."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.network.dns import RESOLV_CONF, HostDns
from doctor.facts.network.links import Links
from doctor.facts.network.route_hints import has_default


@check(severity=Severity.WARNING, breaks=("dns",), ok="resolv.conf names a server")
def resolv_empty(dns: HostDns, links: Links | Missing) -> Iterator[Finding]:
    """/etc/resolv.conf names no name server, so the host queries itself and new containers query 8.8.8.8.

    What it looks at:
        The nameserver lines with an address in /etc/resolv.conf. Nothing is reported if a program answers on 127.0.0.1, which the
        C library then queries. On a host without a default route, which is isolated, it is a remark.

    Why it matters:
        The host resolves no names, so pulls fail. The engine silently gives new containers 8.8.8.8 and 8.8.4.4.

    How it is fixed:
        The file is replaced with a link to the server list that a program of the host has written, if there is one.

    References:
        https://man7.org/linux/man-pages/man5/resolv.conf.5.html
    """
    if dns.config is None or dns.config.nameservers or dns.has_listener("127.0.0.1"):
        return
    is_isolated = isinstance(links, Links) and not (
        links.has_policy or any(has_default(links, version) for version in (4, 6))
    )
    yield Finding(
        subject=Subject("file", RESOLV_CONF),
        severity=Severity.INFO if is_isolated else None,
        message=f"{RESOLV_CONF} names no server: the host resolves no names, and new containers get 8.8.8.8",
        evidence=(Evidence(RESOLV_CONF, "no nameserver line with an address"),),
    )
