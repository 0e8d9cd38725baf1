"""A controller that limits containers is not there."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.kernel.cgroups import VITAL, Cgroups
from doctor.facts.kernel.kernel import Kernel


@check(severity=Severity.ERROR, breaks=("limits",), ok="every controller that limits containers is there")
def controller_missing(cgroups: Cgroups, kernel: Kernel | Missing) -> Iterator[Finding]:
    """A control group controller is missing, so a limit that a user gives a container is not enforced.

    What it looks at:
        v2: cgroup.controllers of the root for memory, pids, cpu, cpuset, io. v1: mounted hierarchies for those and devices,
        freezer, cpuacct. /proc/cgroups and the kernel's command line tell whether a boot option switched one off.

    Why it matters:
        "docker run --memory" is accepted with a warning and does nothing: one container can take the whole host. Without pids a
        fork bomb in a container is one on the host. Without devices (v1) nothing starts.

    How it is fixed:
        By a boot option: on Raspberry Pi OS cgroup_enable=memory; elsewhere a cgroup_disable= is taken out. On v1 the hierarchy
        has to be mounted.

    References:
        https://docs.docker.com/engine/containers/resource_constraints/
        https://docs.kernel.org/admin-guide/cgroup-v2.html
    """
    if cgroups.mode == "none":
        return
    for name in cgroups.missing:
        known = cgroups.kernel.get(name)
        seen = "not in /proc/cgroups" if known is None else f"hierarchy {known.hierarchy}, enabled {int(known.enabled)}"
        evidence = [
            Evidence(_place(cgroups), f"{name} is not there ({cgroups.mode})"),
            Evidence("/proc/cgroups", seen),
        ]
        disabled = kernel.option("cgroup_disable") if isinstance(kernel, Kernel) else None
        if disabled is not None:
            evidence.append(Evidence("/proc/cmdline", f"cgroup_disable={disabled}"))
        yield Finding(
            subject=Subject("cgroup-controller", name),
            message=f"limits of containers on {name} are not enforced: the control group controller is missing",
            evidence=tuple(evidence),
            severity=None if name in VITAL else Severity.WARNING,
        )


def _place(cgroups: Cgroups) -> str:
    return f"{cgroups.v2}/cgroup.controllers" if cgroups.mode == "v2" else "/proc/self/mountinfo"
