"""A controller that limits containers is missing."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.facts.kernel.cgroups import VITAL, Cgroups
from doctor.facts.kernel.kernel import Kernel


@check(
    severity=Severity.ERROR,
    breaks=("limits", "start"),
    ok="every controller that limits containers is available",
    messages=(
        Message(
            pattern=r"mountpoint for \w+ not found|controller \S+ (?:not found|is not available)|cannot (?:enter|apply) cgroupv2 .* controllers?.*|Following Cgroup subsystem not mounted: \S+|does not support (?:swap limit|memory limit|CPU CFS|cgroup)[\w ]*|No (?:swap limit|memory limit|kernel memory|cpu cfs \w+|cpuset|blkio \w+) support|cgroup\.controllers.*no such file|failed to find subsystem mount for required subsystem: \w+|failed to find \w+ cgroup(?: \(v2\))?(?:, you may need to add .*)?",
            example='container_linux.go:296: starting container process caused "process_linux.go:279: applying cgroup configuration for process caused \\"mountpoint for devices not found\\""',
            means="a control group controller that runc needs is not mounted or not enabled",
            do="mount it (cgroup v1), or enable it on the kernel's command line",
            also=("cgroups/none-mounted",),
        ),
    ),
)
def controller_missing(cgroups: Cgroups, kernel: Kernel | Missing) -> Iterator[Finding]:
    """A control group controller is missing, so the limit that a user sets for a container is not enforced.

    What it looks at:
        v2: memory, pids, cpu, cpuset and io in the root's cgroup.controllers. v1: mounted hierarchies for those and for devices,
        freezer and cpuacct. /proc/cgroups and the kernel's command line show whether a boot option disabled a controller.

    Why it matters:
        "docker run --memory" prints a warning and has no effect: one container can use all memory of the host. Without pids,
        a fork bomb in a container affects the whole host. Without devices (v1), no container starts.

    How it is fixed:
        Manually, by a boot option: add cgroup_enable=memory on Raspberry Pi OS; elsewhere remove cgroup_disable=. On v1, mount the
        hierarchy.

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
            Evidence(_place(cgroups), f"{name} is missing ({cgroups.mode})"),
            Evidence("/proc/cgroups", seen),
        ]
        disabled = kernel.option("cgroup_disable") if isinstance(kernel, Kernel) else None
        if disabled is not None:
            evidence.append(Evidence("/proc/cmdline", f"cgroup_disable={disabled}"))
        yield Finding(
            subject=Subject("cgroup-controller", name),
            message=f"the control group controller {name} is missing: {_effect(cgroups, name)}",
            evidence=tuple(evidence),
            severity=None if name in VITAL else Severity.WARNING,
        )


def _effect(cgroups: Cgroups, name: str) -> str:
    # runc refuses a container without this hierarchy; v2 limits devices without a controller.
    if name == "devices" and cgroups.mode != "v2":
        return "no container starts"
    return f"containers' {name} limits are not enforced"


def _place(cgroups: Cgroups) -> str:
    return f"{cgroups.v2}/cgroup.controllers" if cgroups.mode == "v2" else "/proc/self/mountinfo"
