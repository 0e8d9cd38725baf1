"""A newer kernel than the running one is installed."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.kernel.kernel import InstalledKernels, Kernel


@check(severity=Severity.INFO, ok="the newest installed kernel runs")
def reboot_needed(kernel: Kernel, installed: InstalledKernels) -> Iterator[Finding]:
    """A newer kernel than the running one is installed, or a package requests a reboot.

    What it looks at:
        The directories of /lib/modules that have a module list, and /run/reboot-required. Only kernels of the same flavour
        ("amd64", "generic", "el9") are compared.

    Why it matters:
        Fixes of the newer kernel are not active. When the running kernel's package is removed, its modules are missing and
        containers start to fail.

    How it is fixed:
        Manually: reboot at a convenient time.

    References:
        https://wiki.debian.org/ReleaseNotes
    """
    newer = [name for name in installed.releases if kernel.is_older_than(name)]
    if not newer and not installed.asks_reboot:
        return
    text = f"kernel {newer[-1]} is installed but {kernel.name} runs" if newer else "a package requests a reboot"
    evidence = [Evidence("/proc/sys/kernel/osrelease", kernel.described)]
    if newer:
        evidence.append(Evidence("/lib/modules", ", ".join(newer)))
    if installed.asks_reboot:
        evidence.append(Evidence("/run/reboot-required", ", ".join(installed.reboot_required) or "exists"))
    yield Finding(
        subject=Subject("kernel", kernel.name),
        message=f"{text}: its fixes are not active until the next boot",
        evidence=tuple(evidence),
    )
