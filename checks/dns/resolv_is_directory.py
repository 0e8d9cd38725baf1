"""/etc/resolv.conf is a directory."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.dns import RESOLV_CONF, HostDns


@check(severity=Severity.CRITICAL, breaks=("dns", "image", "egress"), ok="resolv.conf is a file")
def resolv_is_directory(dns: HostDns) -> Iterator[Finding]:
    """/etc/resolv.conf is a directory, so no container starts.

    What it looks at:
        The type of what is at /etc/resolv.conf.

    Why it matters:
        "docker run" fails with "read /etc/resolv.conf: is a directory". A bind mount of a file that was not there made it.

    How it is fixed:
        The directory goes to quarantine and the file becomes a link to the list that a program of the host has written, where
        there is one.

    References:
        https://docs.docker.com/engine/storage/bind-mounts/
    """
    if dns.kind == "d":
        yield Finding(
            subject=Subject("file", RESOLV_CONF),
            message="no container starts: /etc/resolv.conf is a directory",
            evidence=(Evidence(RESOLV_CONF, "a directory"),),
        )
