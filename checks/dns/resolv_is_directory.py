"""/etc/resolv.conf is a directory, or nothing else that can be read."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.network.dns import RESOLV_CONF, HostDns

_KINDS = {"d": "a directory", "p": "a FIFO", "s": "a socket", "c": "a device", "b": "a device"}


@check(severity=Severity.CRITICAL, breaks=("dns", "image", "egress"), ok="resolv.conf is a file")
def resolv_is_directory(dns: HostDns) -> Iterator[Finding]:
    """/etc/resolv.conf is a directory, or another thing that is no file, so no container starts.

    What it looks at:
        The type of what is at /etc/resolv.conf: a directory, a FIFO, a socket or a device is no file.

    Why it matters:
        "docker run" fails with "read /etc/resolv.conf: is a directory", which a bind mount of a file that was not there made. Of a
        FIFO the engine reads for ever: "docker run" hangs.

    How it is fixed:
        It goes to quarantine and the file becomes a link to the list that a program of the host has written, where
        there is one.

    References:
        https://docs.docker.com/engine/storage/bind-mounts/
    """
    if dns.kind in {"", "f", "l"}:
        return
    kind = _KINDS.get(dns.kind, "no file")
    yield Finding(
        subject=Subject("file", RESOLV_CONF),
        message=f"no container starts: /etc/resolv.conf is {kind}",
        evidence=(Evidence(RESOLV_CONF, kind),),
    )
