"""The connection tracking table is nearly full."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.details import OfLimit
from doctor.facts.kernel.sysctl import Sysctl

COUNT = "net.netfilter.nf_conntrack_count"
MAX = "net.netfilter.nf_conntrack_max"


@check(
    severity=Severity.ERROR,
    detail=OfLimit,
    breaks=("egress", "port"),
    ok="the connection tracking table has room",
    messages=(
        Message(
            pattern="(?:nf_conntrack: )?table full, dropping packet",
            example="kernel: nf_conntrack: nf_conntrack: table full, dropping packet",
            means="the kernel's connection tracking table is full, and packets of new connections are dropped",
            do="raise net.netfilter.nf_conntrack_max",
        ),
    ),
)
def conntrack_full(sysctl: Sysctl) -> Iterator[Finding]:
    """The kernel's connection tracking table is nearly full; once it is full, new connections are dropped.

    What it looks at:
        net.netfilter.nf_conntrack_count against nf_conntrack_max: a warning from 75 %, an error from 90 %.

    Why it matters:
        Every connection of a container is translated, so it needs an entry. When the table is full, the kernel drops packets of
        new connections. Only its log shows that: "nf_conntrack: table full, dropping packet".

    How it is fixed:
        The limit is doubled, now and in sysctl.d. nf_conntrack is loaded at boot, because the key does not exist without it.
        kube-proxy sets the limit itself (conntrack.maxPerCore).

    References:
        https://docs.kernel.org/networking/nf_conntrack-sysctl.html
    """
    count, limit = sysctl.number(COUNT), sysctl.number(MAX)
    if count is None or not limit or count * 4 < limit * 3:
        return
    percent = count * 100 // limit
    yield Finding(
        subject=Subject("sysctl", MAX),
        message=f"{count} of {limit} conntrack entries are used ({percent} %): new connections will be dropped soon",
        evidence=(Evidence(f"/proc/sys/{COUNT.replace('.', '/')}", str(count)), Evidence(MAX, str(limit))),
        detail=OfLimit(wanted=limit * 2),
        severity=None if percent >= 90 else Severity.WARNING,
    )
