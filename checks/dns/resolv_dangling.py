"""/etc/resolv.conf is a link to nothing."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.network.dns import RESOLV_CONF, HostDns


@check(severity=Severity.WARNING, breaks=("dns", "image"), ok="resolv.conf leads to a file")
def resolv_dangling(dns: HostDns) -> Iterator[Finding]:
    """/etc/resolv.conf is a link to a file that does not exist, so the host resolves no names.

    What it looks at:
        The link at /etc/resolv.conf and whether it leads to a file. A mounted disk is not judged: /run is empty there.

    Why it matters:
        The program that wrote the target was stopped or removed (systemd-resolved, NetworkManager, resolvconf). Pulls fail, and
        new containers get 8.8.8.8 and 8.8.4.4 without a word.

    How it is fixed:
        The link is made to lead to a list that a running program of the host has written, where there is one.

    References:
        https://www.freedesktop.org/software/systemd/man/latest/systemd-resolved.service.html
    """
    if dns.is_dangling and dns.answers is not None and not dns.gaps:
        yield Finding(
            subject=Subject("file", RESOLV_CONF),
            message=f"the host resolves no names and new containers get 8.8.8.8: {RESOLV_CONF} leads to nothing",
            evidence=(Evidence(RESOLV_CONF, f"link to {dns.target}, which does not exist"),),
        )
