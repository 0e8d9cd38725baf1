"""The kernel has almost no memory control groups left."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.kernel.cgroups import Cgroups

_MOST = 65_535
"""MEM_CGROUP_ID_MAX (mm/memcontrol.c)."""


@check(
    severity=Severity.WARNING,
    breaks=("limits", "start"),
    ok="the kernel has memory control groups left",
    messages=(
        Message(
            names=("cgroup leak",),
            pattern=r"mkdir /sys/fs/cgroup/\S*: (?:no space left on device|cannot allocate memory)",
            example="mkdir /sys/fs/cgroup/memory/docker/4f0c9f: no space left on device",
            means="the kernel has no control group left: removed ones are kept as long as any memory belongs to them",
            do="free them: sync; sysctl vm.drop_caches=3; a newer kernel does not leak them",
            also=("resources/disk-full", "resources/memory"),
            apart="'memory' in /proc/cgroups, or nr_dying_descendants in /sys/fs/cgroup/cgroup.stat",
        ),
    ),
)
def leaked(cgroups: Cgroups) -> Iterator[Finding]:
    """Almost all memory control groups of the kernel are in use, so soon no container starts ("no space left on device").

    What it looks at:
        The number of control groups in /proc/cgroups (v1) or cgroup.stat (v2), with removed ones that the kernel still keeps, against the
        kernel's limit of 65535: a warning from 75 %, an error from 90 %.

    Why it matters:
        A removed group is kept as long as a page of its memory is in use, often in the page cache. Short-lived containers and probes leak
        one each. At the limit mkdir in /sys/fs/cgroup fails, although the disk has space.

    How it is fixed:
        Manually: dropping the page cache frees most of them and loses no data, but makes the host slow for a while. On kernels before 5.x a
        container with kernel memory limits leaks for good, until a reboot.

    References:
        https://docs.kernel.org/admin-guide/cgroup-v2.html#core-interface-files
        https://github.com/moby/moby/issues/29638
    """
    count = cgroups.memory_groups
    if count * 4 < _MOST * 3:
        return
    where = f"{cgroups.v2}/cgroup.stat" if cgroups.mode == "v2" else "/proc/cgroups"
    removed = (
        f", {cgroups.v2_dying} of them by removed groups that the kernel still keeps" if cgroups.mode == "v2" else ""
    )
    yield Finding(
        subject=Subject("cgroup", "memory"),
        message=f"{count} of {_MOST} memory control groups are in use{removed}: soon no container can start",
        evidence=(Evidence(where, f"{count} groups{removed}"),),
        severity=Severity.ERROR if count * 10 >= _MOST * 9 else None,
    )
