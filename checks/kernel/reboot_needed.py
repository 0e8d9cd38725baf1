"""A newer kernel than the running one is installed."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.kernel.kernel import InstalledKernels, Kernel


@check(
    severity=Severity.INFO,
    ok="the newest installed kernel runs",
    messages=(
        Message(
            pattern=r"failed to add the host \(veth\S+\) <=> sandbox \(veth\S+\) pair interfaces: operation not supported|failed to get link by name \"veth\S+\": Link not found",
            example="failed to create endpoint eloquent_euclid on network bridge: failed to add the host (veth745d0c4) <=> sandbox (veth1b2fffb) pair interfaces: operation not supported.",
            means="the running kernel can't load the module veth, usually because an upgrade removed its modules",
            do="reboot into the installed kernel",
            also=("kernel/module-not-loadable", "kernel/feature-missing"),
        ),
    ),
)
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
