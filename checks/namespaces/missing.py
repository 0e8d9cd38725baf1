"""The kernel lacks a kind of namespace."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.kernel.cgroups import Cgroups
from doctor.facts.kernel.namespaces import VITAL, NamespaceKinds, needed


@check(
    severity=Severity.CRITICAL,
    breaks=("start", "storage", "egress", "port"),
    ok="the kernel has all kinds of namespaces that are needed",
)
def missing(kinds: NamespaceKinds, engine: EngineConfig, cgroups: Cgroups | Missing) -> Iterator[Finding]:
    """The kernel lacks a kind of namespace that containers need, so they can't start.

    What it looks at:
        /proc/self/ns: mnt, uts, ipc, pid and net always; user if userns-remap is set; cgroup if control groups version 2 is in
        use (containers then get one by default).

    Why it matters:
        runc fails with "namespace path: lstat /proc/…/ns/…: no such file or directory" or "invalid argument".

    How it is fixed:
        Manually: boot a kernel that is built with the namespace.

    References:
        https://man7.org/linux/man-pages/man7/namespaces.7.html
    """
    for kind in needed(engine, cgroups):
        if kind not in kinds.kinds:
            yield Finding(
                subject=Subject("namespace", kind),
                message=f"the kernel has no {kind} namespaces: containers can't start",
                evidence=(Evidence(f"/proc/self/ns/{kind}", "no such file"),),
                severity=None if kind in VITAL else Severity.ERROR,
            )
