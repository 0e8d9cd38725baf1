"""The running kernel has a known vulnerability that lets a container act on the host."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.engine.vulnerabilities import KernelExposure, KernelHole
from doctor.facts.kernel.cgroups import Cgroups
from doctor.facts.kernel.details import OpenHole
from doctor.facts.kernel.kernel import Kernel
from doctor.facts.kernel.modules import Modules
from doctor.facts.kernel.sysctl import Sysctl


@check(
    severity=Severity.ERROR,
    security=True,
    detail=OpenHole,
    ok="no vulnerability of the table is certain for this kernel",
)
def vulnerable(
    kernel: Kernel,
    exposure: KernelExposure,
    sysctl: Sysctl | Missing,
    modules: Modules | Missing,
    cgroups: Cgroups | Missing,
) -> Iterator[Finding]:
    """The running kernel has a known vulnerability that lets a process of a container act as root of the host.

    What it looks at:
        The running release against a table of vulnerabilities with the fixed release of each stable series (the finding shows the
        table's date). Backports take precedence: Debian's and Ubuntu's stable number, the CVEs in the changelog of the kernel
        package, live patches. Kernels of vendors that keep one version number for years are reported by
        versions/possibly-vulnerable. A vulnerability in code that is not built in is not reported. One that a setting blocks
        (user.max_user_namespaces, kernel.unprivileged_bpf_disabled, an install line of modprobe.d, cgroup v1 not mounted) is
        only a remark, which names the setting.

    Why it matters:
        Containers share the host's kernel: a vulnerability that makes a local user root lets a container control the host. The
        default seccomp profile blocks user namespaces and BPF in containers, so vulnerabilities that need them are warnings:
        only privileged containers and those with a less strict profile are exposed.

    How it is fixed:
        Manually: install a newer kernel package of the distribution and reboot. The evidence shows what is exposed until then.

    References:
        https://www.kernel.org/category/releases.html
        https://security-tracker.debian.org/tracker/
    """
    for hole in exposure.affected:
        closed = _closed_by(hole, sysctl, modules, cgroups)
        yield _finding(hole, kernel, exposure, closed, _severity(hole, closed))
    for hole in exposure.likely:
        closed = _closed_by(hole, sysctl, modules, cgroups)
        yield _finding(hole, kernel, exposure, closed, min(Severity.WARNING, _severity(hole, closed)))


def _severity(hole: KernelHole, closed: str) -> Severity:
    if closed:
        return Severity.INFO
    return Severity.WARNING if {"userns", "bpf"} & set(hole.needs) else Severity.ERROR


def _closed_by(
    hole: KernelHole, sysctl: Sysctl | Missing, modules: Modules | Missing, cgroups: Cgroups | Missing
) -> str:
    """Return the setting that blocks the vulnerability, or ""."""
    if isinstance(sysctl, Sysctl):
        if "userns" in hole.needs:
            for key in ("user.max_user_namespaces", "kernel.unprivileged_userns_clone"):
                if sysctl.number(key) == 0:
                    return f"{key} = 0"
        if "bpf" in hole.needs and (sysctl.number("kernel.unprivileged_bpf_disabled") or 0) > 0:
            return f"kernel.unprivileged_bpf_disabled = {sysctl.value('kernel.unprivileged_bpf_disabled')}"
    if "cgroup1" in hole.needs and isinstance(cgroups, Cgroups) and not cgroups.v1:
        return "no cgroup v1 hierarchy is mounted"
    if hole.module and isinstance(modules, Modules) and not modules.has(hole.module):
        rule = modules.forbidding(hole.module)
        return "" if rule is None else f"{rule.path}:{rule.line}: {rule.kind} {rule.module} {rule.rest}"
    return ""


def _finding(hole: KernelHole, kernel: Kernel, exposure: KernelExposure, closed: str, severity: Severity) -> Finding:
    evidence = [
        Evidence("/proc/sys/kernel/osrelease", kernel.described),
        Evidence("fixed in", hole.fixed_in),
        Evidence("table of vulnerabilities", f"as of {exposure.checked}"),
    ]
    if hole in exposure.likely:
        evidence.insert(1, Evidence("the kernel package's changelog", f"does not name {hole.id}"))
    evidence.append(Evidence("blocked by", closed) if closed else Evidence("exposed until then", _exposed(hole)))
    used = ", exploited in the wild" if hole.exploited else ""
    return Finding(
        subject=Subject("cve", hole.id),
        message=f"kernel {kernel.name} has {hole.id} ({hole.title}{used}): {hole.what}"
        + (f"; blocked by {closed}" if closed else ""),
        evidence=tuple(evidence),
        detail=OpenHole(id=hole.id, fixed_in=hole.fixed_in),
        severity=severity,
    )


def _exposed(hole: KernelHole) -> str:
    if {"userns", "bpf"} & set(hole.needs):
        return "privileged containers, those with CAP_SYS_ADMIN or without the default seccomp profile, and local users"
    if "net-raw" in hole.needs:
        return "every container with CAP_NET_RAW, which containers have by default"
    return "every container, and local users"
