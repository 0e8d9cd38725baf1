"""/etc/resolv.conf is a directory, or otherwise not a file."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.network.dns import RESOLV_CONF, HostDns

_KINDS = {"d": "a directory", "p": "a FIFO", "s": "a socket", "c": "a device", "b": "a device"}


@check(
    severity=Severity.CRITICAL,
    breaks=("dns", "egress"),
    ok="resolv.conf is a file",
    messages=(
        Message(
            pattern=r"/etc/resolv\.conf: is a directory",
            example="read /etc/resolv.conf: is a directory.",
            means="resolv.conf is a directory",
            do="remove it, and recreate the file",
        ),
    ),
)
def resolv_is_directory(dns: HostDns) -> Iterator[Finding]:
    """/etc/resolv.conf is a directory, FIFO, socket or device, so no container starts.

    What it looks at:
        The type of /etc/resolv.conf.

    Why it matters:
        "docker run" fails with "read /etc/resolv.conf: is a directory". A bind mount of a missing file creates such a
        directory. Reading from a FIFO blocks the engine: "docker run" hangs.

    How it is fixed:
        It is moved to quarantine and replaced with a link to the server list that a program of the host has written, if there
        is one.

    References:
        https://docs.docker.com/engine/storage/bind-mounts/
    """
    if dns.kind in {"", "f", "l"}:
        return
    kind = _KINDS.get(dns.kind, "not a file")
    yield Finding(
        subject=Subject("file", RESOLV_CONF),
        message=f"{RESOLV_CONF} is {kind}: no container starts",
        evidence=(Evidence(RESOLV_CONF, kind),),
    )
