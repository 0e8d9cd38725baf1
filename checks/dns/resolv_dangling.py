"""/etc/resolv.conf is a dangling link."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.network.dns import RESOLV_CONF, HostDns


@check(
    severity=Severity.WARNING,
    breaks=("dns",),
    ok="resolv.conf is a file or a link to one",
)
def resolv_dangling(dns: HostDns) -> Iterator[Finding]:
    """/etc/resolv.conf is a link to a file that does not exist, so the host resolves no names.

    What it looks at:
        The target of the link /etc/resolv.conf. A mounted disk is not checked: its /run is empty.

    Why it matters:
        The program that wrote the target was stopped or removed (systemd-resolved, NetworkManager, resolvconf). Pulls fail, and
        new containers silently get 8.8.8.8 and 8.8.4.4.

    How it is fixed:
        The link is changed to a server list that a program of the host has written, if there is one.

    References:
        https://www.freedesktop.org/software/systemd/man/latest/systemd-resolved.service.html
    """
    if dns.is_dangling and dns.answers is not None and not dns.gaps:
        yield Finding(
            subject=Subject("file", RESOLV_CONF),
            message=f"{RESOLV_CONF} is a dangling link: the host resolves no names, and new containers get 8.8.8.8",
            evidence=(Evidence(RESOLV_CONF, f"link to {dns.target}, which does not exist"),),
        )
