"""A limit forbids namespaces that containers need."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.kernel.cgroups import Cgroups
from doctor.facts.kernel.details import LimitZero
from doctor.facts.kernel.namespaces import needed
from doctor.facts.kernel.sysctl import Sysctl


@check(
    severity=Severity.ERROR,
    detail=LimitZero,
    breaks=("storage", "egress", "port"),
    ok="no limit forbids containers' namespaces",
)
def limit_zero(sysctl: Sysctl, engine: EngineConfig, cgroups: Cgroups | Missing) -> Iterator[Finding]:
    """A limit on namespaces is 0, so containers that need one can't start.

    What it looks at:
        user.max_{mnt,uts,ipc,pid,net}_namespaces always, user.max_user_namespaces where userns-remap is set (0 is a common and
        sensible hardening elsewhere), user.max_cgroup_namespaces where control groups version 2 are in use.

    Why it matters:
        unshare fails with ENOSPC: runc says "no space left on device", and people look for a full disk.

    How it is fixed:
        The limit is set to the kernel's default for this machine (half of kernel.threads-max), now and in sysctl.d.

    References:
        https://man7.org/linux/man-pages/man7/namespaces.7.html
    """
    # kernel/fork.c, fork_init: each limit begins as half of the most threads there can be.
    wanted = (sysctl.number("kernel.threads-max") or 30000) // 2
    for kind in needed(engine, cgroups):
        key = f"user.max_{kind}_namespaces"
        if sysctl.number(key) == 0:
            yield Finding(
                subject=Subject("sysctl", key),
                message=f'containers can\'t start, with "no space left on device": {key} is 0',
                evidence=(Evidence(f"/proc/sys/{key.replace('.', '/')}", "0"),),
                detail=LimitZero(key=key, wanted=wanted),
            )
