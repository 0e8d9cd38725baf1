"""The kernel does not release a network interface."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.kernel.log import KernelLog, grouped

_RECENT_S = 600.0
"""The kernel repeats the line every ten seconds as long as it waits."""


@check(
    severity=Severity.ERROR,
    ok="the kernel releases the network interfaces of ended containers",
    messages=(
        Message(
            names=("unregister_netdevice",),
            pattern=r"unregister_netdevice: waiting for \S+ to become free.*",
            example="kernel: unregister_netdevice: waiting for lo to become free. Usage count = 1",
            means="the kernel does not release a network interface of a container that ended: a kernel bug, which blocks other containers",
            do="reboot, with a newer kernel if there is one",
            also=("kernel/reboot-needed",),
        ),
    ),
)
def interface_unreleased(log: KernelLog) -> Iterator[Finding]:
    """The kernel waits for a network interface of an ended container, and meanwhile creates and removes no other one.

    What it looks at:
        "unregister_netdevice: waiting for" of the last ten minutes in the kernel's log. Two lines count: a single one is a short delay.

    Why it matters:
        The kernel holds a lock while it waits: containers start and stop slowly or not at all, and ``ip link`` hangs. It is a bug of the
        kernel or of a module, often with IPv6 or a network file system mounted in the container.

    How it is fixed:
        Manually: only a reboot ends it. Install the newest kernel of the distribution first.

    References:
        https://github.com/moby/moby/issues/5618
    """
    for name, events in grouped(log.recent("release", _RECENT_S), lambda event: event.subject).items():
        if len(events) > 1:
            yield Finding(
                subject=Subject("interface", name),
                message=(
                    f"the kernel waits for interface {name} of an ended container, last {events[-1].ago}: containers start and "
                    f"stop slowly or not at all"
                ),
                evidence=tuple(Evidence(f"kernel log, {event.ago}", event.text) for event in events[-3:]),
            )
