"""The running kernel has a known hole by which a container gets out."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.engine.vulnerabilities import KernelExposure, KernelHole
from doctor.facts.kernel.cgroups import Cgroups
from doctor.facts.kernel.details import OpenHole
from doctor.facts.kernel.kernel import Kernel
from doctor.facts.kernel.modules import Modules
from doctor.facts.kernel.sysctl import Sysctl


@check(severity=Severity.ERROR, detail=OpenHole, ok="no named hole of the kernel is open here")
def vulnerable(
    kernel: Kernel,
    exposure: KernelExposure,
    sysctl: Sysctl | Missing,
    modules: Modules | Missing,
    cgroups: Cgroups | Missing,
) -> Iterator[Finding]:
    """The running kernel has a known vulnerability that lets a process of a container act as root of the host.

    What it looks at:
        The running release against a table of named holes with the fixed release of each stable series (the finding gives the
        table's date). The vendor's backports come first: Debian's and Ubuntu's stable number, the CVEs that the kernel
        package's changelog names, live patches; kernels of vendors that keep one number for years are left to versions/possibly-vulnerable. A
        hole whose code is not built in is left out; one that a setting closes (user.max_user_namespaces,
        kernel.unprivileged_bpf_disabled, an install line of modprobe.d, cgroup v1 not mounted) is a remark that says so.

    Why it matters:
        A container shares the host's kernel: what gives a local user root there gives a container the host. The default
        seccomp profile keeps user namespaces and BPF from containers, so holes that need those are warnings: privileged
        containers and those with a loosened profile are exposed.

    How it is fixed:
        By a newer kernel package of the distribution and a reboot. Until then the finding says what is exposed.

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
    """Return the setting that keeps the hole out of reach, or ""."""
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
    evidence.append(Evidence("out of reach by", closed) if closed else Evidence("exposed until then", _exposed(hole)))
    used = ", used in the wild" if hole.exploited else ""
    return Finding(
        subject=Subject("cve", hole.id),
        message=f"kernel {kernel.name} has {hole.id} ({hole.title}{used}): {hole.what}"
        + (f"; out of reach by {closed}" if closed else ""),
        evidence=tuple(evidence),
        detail=OpenHole(id=hole.id, fixed_in=hole.fixed_in),
        severity=severity,
    )


def _exposed(hole: KernelHole) -> str:
    if {"userns", "bpf"} & set(hole.needs):
        return "privileged containers, those with CAP_SYS_ADMIN or without the default seccomp profile, and local users"
    if "net-raw" in hole.needs:
        return "every container that has CAP_NET_RAW, which is a default"
    return "every container, and local users"
