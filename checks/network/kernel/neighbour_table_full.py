"""The kernel's neighbour table overflowed in the last day."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.kernel.details import Thresholds
from doctor.facts.kernel.log import KernelLog, grouped, times

_ENOUGH = {"gc_thresh1": 1024, "gc_thresh2": 4096, "gc_thresh3": 8192}
"""A line of the log remains after the limits were raised: with these, old lines are no finding."""
_FAMILIES = {"arp_cache": "ipv4", "ndisc_cache": "ipv6"}


@check(
    severity=Severity.ERROR,
    detail=Thresholds,
    breaks=("egress", "port"),
    ok="the kernel's neighbour tables have room",
    messages=(
        Message(
            names=("neighbour table", "arp cache"),
            pattern=r"(?:neighbour: )?(?:arp_cache|ndisc_cache): neighbor table overflow|neighbour table overflow",
            example="kernel: neighbour: arp_cache: neighbor table overflow!",
            means="the kernel's table of addresses on the links is full, so it reaches no further address on any bridge or network",
            do="raise net.ipv4.neigh.default.gc_thresh3 (and gc_thresh2, gc_thresh1)",
        ),
    ),
)
def neighbour_table_full(log: KernelLog) -> Iterator[Finding]:
    """The kernel's neighbour table overflowed in the last day, so packets to some containers and hosts were dropped.

    What it looks at:
        "neighbor table overflow" of the last 24 hours in the kernel's log. The table has the link address of each container, node and
        gateway, for all network namespaces together. With gc_thresh3 of 8192 or more, they are taken as old.

    Why it matters:
        Connections between containers, and from the host to them, fail at random. Hosts with some hundred containers, or in a large
        flat network, reach the default of 1024 entries.

    How it is fixed:
        The three thresholds are raised to 1024, 4096 and 8192, now and in sysctl.d. An entry costs about 400 bytes, an unused one nothing.

    References:
        https://man7.org/linux/man-pages/man7/arp.7.html
    """
    for table, events in grouped(log.recent("neighbours"), lambda event: event.subject).items():
        head = f"net.{_FAMILIES[table]}.neigh.default.gc_thresh"
        limits = tuple(
            (key, wanted)
            for key, value in log.thresholds.items()
            if key.startswith(head) and value < (wanted := _ENOUGH[key.rpartition(".")[2]])
        )
        last = log.thresholds.get(f"{head}3")
        if last is not None and last >= _ENOUGH["gc_thresh3"]:
            continue
        yield Finding(
            subject=Subject("sysctl", f"{head}3"),
            message=(
                f"the neighbour table {table}{f' ({last} entries)' if last else ''} overflowed, and packets to containers were "
                f"dropped: {times(events)}"
            ),
            evidence=tuple(Evidence(f"kernel log, {event.ago}", event.text) for event in events[-3:]),
            detail=Thresholds(settings=limits),
        )
