"""resolv.conf names systemd-resolved, which does not run."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.network.dns import RESOLV_CONF, STUB_ADDRESS, HostDns


@check(severity=Severity.ERROR, breaks=("dns", "image"), ok="the resolver that resolv.conf names answers")
def resolved_stub_dead(dns: HostDns) -> Iterator[Finding]:
    """/etc/resolv.conf names only systemd-resolved's stub, and nobody listens there, so no name resolves.

    What it looks at:
        The nameserver lines, and the sockets on port 53 of 127.0.0.53. A mounted disk is not judged.

    Why it matters:
        The host resolves nothing, and containers of user networks get SERVFAIL for names outside.

    How it is fixed:
        The file becomes a link to the list of real servers that systemd-resolved or another program left in /run, where there
        is one. Otherwise systemd-resolved has to be started.

    References:
        https://www.freedesktop.org/software/systemd/man/latest/systemd-resolved.service.html
    """
    if dns.is_stub and dns.somebody_answers(STUB_ADDRESS) is False:
        yield Finding(
            subject=Subject("file", RESOLV_CONF),
            message=f"no name resolves: {RESOLV_CONF} names only {STUB_ADDRESS}, and nobody listens there",
            evidence=(
                Evidence(RESOLV_CONF, f"nameserver {STUB_ADDRESS}"),
                Evidence("/proc/net/{udp,tcp}", f"no listener on {STUB_ADDRESS}:53"),
            ),
        )
