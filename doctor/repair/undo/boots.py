"""Changes that ended with a boot of the host: rules, routes and running settings are then those of the new boot, which an undo leaves alone."""

import os

from doctor.model.step import KernelValue, Netlink, Run, Step
from doctor.repair.runs.record import PlanRecord

_BOOT = "/proc/sys/kernel/random/boot_id"
_OF_KERNEL = (
    *("iptables", "ip6tables", "ebtables", "arptables", "nft", "ip", "tc", "bridge", "ipset", "conntrack", "sysctl"),
    # Into a container's namespace, which ended with its process.
    "nsenter",
)


def this_boot() -> str:
    """Return the identity of the running kernel's boot, "" if it is not known."""
    try:
        with open(_BOOT, encoding="ascii") as stream:
            return stream.read().strip()
    except OSError:
        return ""


def is_of_earlier_boot(record: PlanRecord) -> bool:
    """Whether the host was restarted since a run changed it."""
    now = this_boot() if record.boot else ""
    return bool(now) and now != record.boot


def is_of_kernel(step: Step) -> bool:
    """Whether a step changes only what the kernel keeps until the next boot."""
    if isinstance(step, Run):
        name = os.path.basename(step.argv[0])
        return name.partition("-")[0] in _OF_KERNEL
    return isinstance(step, Netlink | KernelValue)


def ended(record: PlanRecord) -> tuple[str, ...]:
    """Return the summaries of the actions that an undo leaves out because all or some of their changes ended with a boot."""
    if not is_of_earlier_boot(record):
        return ()
    return tuple(action.summary for action in record.actions if any(is_of_kernel(step) for step in action.steps))
