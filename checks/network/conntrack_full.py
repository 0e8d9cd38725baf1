"""The table of tracked connections is nearly full."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.details import OfLimit
from doctor.facts.kernel.sysctl import Sysctl

COUNT = "net.netfilter.nf_conntrack_count"
MAX = "net.netfilter.nf_conntrack_max"


@check(severity=Severity.ERROR, detail=OfLimit, breaks=("egress", "port"), ok="the connection table has room")
def conntrack_full(sysctl: Sysctl) -> Iterator[Finding]:
    """The kernel's table of tracked connections is nearly full, so new connections are dropped at random.

    What it looks at:
        net.netfilter.nf_conntrack_count against nf_conntrack_max: a warning from 75 %, an error from 90 %.

    Why it matters:
        Every connection of a container is translated and so needs an entry. When the table is full the kernel drops packets
        of new connections and says "nf_conntrack: table full, dropping packet" in its log, and nowhere else.

    How it is fixed:
        The limit is doubled, now and in sysctl.d; nf_conntrack is loaded at boot, since the key does not exist before.
        kube-proxy sets the limit by itself (conntrack.maxPerCore).

    References:
        https://docs.kernel.org/networking/nf_conntrack-sysctl.html
    """
    count, limit = sysctl.number(COUNT), sysctl.number(MAX)
    if count is None or not limit or count * 4 < limit * 3:
        return
    percent = count * 100 // limit
    yield Finding(
        subject=Subject("sysctl", MAX),
        message=f"new connections are dropped when the connection table is full: {count} of {limit} ({percent} %) used",
        evidence=(Evidence(f"/proc/sys/{COUNT.replace('.', '/')}", str(count)), Evidence(MAX, str(limit))),
        detail=OfLimit(wanted=limit * 2),
        severity=None if percent >= 90 else Severity.WARNING,
    )
