"""A limit forbids namespaces that containers need."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.kernel.cgroups import Cgroups
from doctor.facts.kernel.details import LimitZero
from doctor.facts.kernel.namespaces import needed
from doctor.facts.kernel.sysctl import Sysctl


@check(
    severity=Severity.ERROR,
    detail=LimitZero,
    breaks=("start", "storage", "egress", "port"),
    ok="no limit forbids containers' namespaces",
    messages=(
        Message(
            pattern=r"(?:unshare|clone|fork/exec \S+): no space left on device|user\.max_\w+_namespaces",
            example="unshare: no space left on device",
            means="the limit on namespaces is used up or 0",
            do="raise user.max_user_namespaces",
        ),
        Message(
            pattern=r"(?:getting the )?final child'?s pid from pipe.*EOF",
            example="runc create failed: unable to start container process: can't get final child's PID from pipe: EOF",
            means="the first process of runc ended: no process, no memory or no namespace was left for it",
            do="see 'dmesg', pids.max and the memory limit of the control group above the container, and user.max_user_namespaces",
            also=("resources/pids-limit-reached",),
        ),
    ),
)
def limit_zero(sysctl: Sysctl, engine: EngineConfig, cgroups: Cgroups | Missing) -> Iterator[Finding]:
    """A limit on namespaces is 0, so containers that need one can't start.

    What it looks at:
        user.max_{mnt,uts,ipc,pid,net}_namespaces always, user.max_user_namespaces if userns-remap is set (otherwise 0 is a common
        and sensible hardening), user.max_cgroup_namespaces if control groups version 2 is in use.

    Why it matters:
        unshare fails with ENOSPC: runc reports "no space left on device", which looks like a full disk.

    How it is fixed:
        The limit is set to the kernel's default for this machine (half of kernel.threads-max), now and in sysctl.d.

    References:
        https://man7.org/linux/man-pages/man7/namespaces.7.html
    """
    # kernel/fork.c, fork_init: the default of each limit is half of the maximum number of threads.
    wanted = (sysctl.number("kernel.threads-max") or 30000) // 2
    for kind in needed(engine, cgroups):
        key = f"user.max_{kind}_namespaces"
        if sysctl.number(key) == 0:
            yield Finding(
                subject=Subject("sysctl", key),
                message=f'{key} is 0: containers can\'t start and fail with "no space left on device"',
                evidence=(Evidence(f"/proc/sys/{key.replace('.', '/')}", "0"),),
                detail=LimitZero(key=key, wanted=wanted),
            )
