"""/etc/resolv.conf names no server."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.network.dns import RESOLV_CONF, HostDns


@check(severity=Severity.WARNING, breaks=("dns", "image"), ok="resolv.conf names a server")
def resolv_empty(dns: HostDns) -> Iterator[Finding]:
    """/etc/resolv.conf names no name server, so the host asks itself and new containers ask servers nobody chose.

    What it looks at:
        The nameserver lines of /etc/resolv.conf that hold an address, unless something on the host answers names on 127.0.0.1,
        which is what the C library asks then.

    Why it matters:
        The host resolves no names, so pulls fail; the engine gives new containers 8.8.8.8 and 8.8.4.4 without a word.

    How it is fixed:
        The file is replaced by a link to the list that a program of the host has written, where there is one.

    References:
        https://man7.org/linux/man-pages/man5/resolv.conf.5.html
    """
    if dns.config is None or dns.config.nameservers or dns.somebody_answers("127.0.0.1"):
        return
    yield Finding(
        subject=Subject("file", RESOLV_CONF),
        message=f"the host resolves no names and new containers get 8.8.8.8: {RESOLV_CONF} names no server",
        evidence=(Evidence(RESOLV_CONF, "no nameserver line with an address"),),
    )
