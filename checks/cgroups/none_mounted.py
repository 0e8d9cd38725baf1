"""No control groups are mounted."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.kernel.cgroups import Cgroups


@check(
    severity=Severity.CRITICAL,
    breaks=("limits", "start", "storage", "egress"),
    stops_start=True,
    ok="control groups are mounted",
    messages=(
        Message(
            pattern='cgroup mountpoint does not exist|cannot found? cgroup mount destination|Devices cgroup isn\'t mounted|error mounting "cgroup" to rootfs at \\S+ (?!.*(?:operation not permitted|permission denied|read-only)).*|no cgroup mount found(?: in mountinfo)?',
            example="failed to start daemon: Devices cgroup isn't mounted",
            means="control groups are not mounted, or the host has only version 2 and the engine is older than 20.10",
            do="mount cgroups (systemd does it), or upgrade the engine",
            also=("cgroups/controller-missing",),
        ),
    ),
)
def none_mounted(cgroups: Cgroups) -> Iterator[Finding]:
    """No control group hierarchy is mounted, so neither the engine nor a container can start.

    What it looks at:
        The mount table, for file systems of type cgroup and cgroup2.

    Why it matters:
        dockerd exits with "Devices cgroup isn't mounted", runc with "no cgroup mount found in mountinfo".

    How it is fixed:
        Manually. systemd mounts control groups at boot. Without systemd, a script of the distribution (cgroupfs-mount) or one
        command does.

    References:
        https://docs.kernel.org/admin-guide/cgroup-v2.html
        https://github.com/tianon/cgroupfs-mount
    """
    if cgroups.mode == "none":
        kernel = ", ".join(sorted(cgroups.kernel)) or "this kernel has no v1 controllers"
        yield Finding(
            subject=Subject("cgroups", "mounts"),
            message="no control groups are mounted: neither the engine nor a container can start",
            evidence=(
                Evidence("/proc/self/mountinfo", "no file system of type cgroup or cgroup2"),
                Evidence("/proc/cgroups", kernel),
            ),
        )
