"""The connection tracking table was full in the last day."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.details import OfLimit
from doctor.facts.kernel.log import KernelLog, times
from doctor.facts.kernel.sysctl import Sysctl

COUNT = "net.netfilter.nf_conntrack_count"
MAX = "net.netfilter.nf_conntrack_max"
_ENOUGH = 524_288
"""A line of the log remains after the limit was raised: above this one, network/conntrack-full sees the next peak."""


@check(
    severity=Severity.WARNING,
    detail=OfLimit,
    breaks=("egress", "port"),
    causes=("network/conntrack-full",),
    ok="the connection tracking table was not full in the last day",
)
def conntrack_overflowed(log: KernelLog, sysctl: Sysctl) -> Iterator[Finding]:
    """The connection tracking table was full in the last day, so new connections of containers were dropped.

    What it looks at:
        "nf_conntrack: table full, dropping packet" of the last 24 hours in the kernel's log, of this network namespace. While the table
        is nearly full, network/conntrack-full is the finding instead. A limit of 524288 or more was raised since, or is a choice.

    Why it matters:
        At a peak, connections of all containers fail for seconds, and later nothing shows it but this line.

    How it is fixed:
        The limit is raised to 524288, now and in sysctl.d. An entry in use costs about 320 bytes, an unused one nothing.

    References:
        https://docs.kernel.org/networking/nf_conntrack-sysctl.html
    """
    events = tuple(event for event in log.recent("conntrack") if event.subject in {"", log.namespace})
    count, limit = sysctl.number(COUNT), sysctl.number(MAX)
    if not events or count is None or not limit or limit >= _ENOUGH or count * 4 >= limit * 3:
        return
    yield Finding(
        subject=Subject("sysctl", MAX),
        message=f"the connection tracking table ({limit} entries) was full and dropped new connections: {times(events)}",
        evidence=(
            *(Evidence(f"kernel log, {event.ago}", event.text) for event in events[-3:]),
            Evidence(f"/proc/sys/{COUNT.replace('.', '/')}", str(count)),
        ),
        detail=OfLimit(wanted=_ENOUGH),
    )
