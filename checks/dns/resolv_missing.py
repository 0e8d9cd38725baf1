"""There is no /etc/resolv.conf."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.network.dns import RESOLV_CONF, HostDns


@check(severity=Severity.WARNING, breaks=("dns", "image"), ok="the host has a resolv.conf")
def resolv_missing(dns: HostDns) -> Iterator[Finding]:
    """The host has no /etc/resolv.conf, so it can't pull images and new containers ask servers nobody chose.

    What it looks at:
        Whether something is at /etc/resolv.conf. A mounted disk is not judged: tools write the file at boot.

    Why it matters:
        The host resolves no names, so pulls fail. For new containers the engine falls back to 8.8.8.8 and 8.8.4.4 without a
        word, which many networks block and which know no internal names.

    How it is fixed:
        The file becomes a link to the list that systemd-resolved, NetworkManager or another program of the host has written,
        where there is one; doctor invents no server.

    References:
        https://man7.org/linux/man-pages/man5/resolv.conf.5.html
        moby/moby: libnetwork/internal/resolvconf
    """
    if not dns.kind:
        yield Finding(
            subject=Subject("file", RESOLV_CONF),
            message="the host resolves no names and new containers get 8.8.8.8: there is no /etc/resolv.conf",
            evidence=(Evidence(RESOLV_CONF, "no such file"),),
        )
