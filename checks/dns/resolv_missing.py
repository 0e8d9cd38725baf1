"""/etc/resolv.conf is missing."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.network.dns import RESOLV_CONF, HostDns


@check(severity=Severity.WARNING, breaks=("dns",), ok="the host has a resolv.conf")
def resolv_missing(dns: HostDns) -> Iterator[Finding]:
    """The host has no /etc/resolv.conf, so it can't pull images, and new containers query 8.8.8.8.

    What it looks at:
        Whether /etc/resolv.conf exists. A mounted disk is not checked: some tools write the file at boot.

    Why it matters:
        The host resolves no names, so pulls fail. For new containers the engine silently falls back to 8.8.8.8 and 8.8.4.4,
        which many networks block and which don't know internal names.

    How it is fixed:
        A link is created to the server list that systemd-resolved, NetworkManager or another program of the host has written,
        if there is one. doctor does not choose servers itself.

    References:
        https://man7.org/linux/man-pages/man5/resolv.conf.5.html
        moby/moby: libnetwork/internal/resolvconf
    """
    if not dns.kind:
        yield Finding(
            subject=Subject("file", RESOLV_CONF),
            message=f"{RESOLV_CONF} is missing: the host resolves no names, and new containers get 8.8.8.8",
            evidence=(Evidence(RESOLV_CONF, "no such file"),),
        )
