"""A module that containers need can't be loaded, since its file is not there."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.kernel.features import KernelNeeds


@check(
    severity=Severity.CRITICAL,
    breaks=("storage", "egress", "port"),
    causes=("kernel/reboot-needed",),
    ok="every module containers need is loaded or can be",
)
def module_not_loadable(needs: KernelNeeds) -> Iterator[Finding]:
    """A kernel module that containers need is not loaded, and its file is not on the disk, so it can't be.

    What it looks at:
        Features that are modules of the running kernel and that nothing shows to work, against
        /lib/modules/RELEASE/modules.dep. Where that directory is gone altogether, the kernel was upgraded (and the old one
        removed) without a reboot.

    Why it matters:
        What is loaded goes on working, what would be loaded on demand fails: the first container, network or firewall rule
        that needs it. That is why Docker breaks "by itself" hours after an upgrade.

    How it is fixed:
        A reboot into the installed kernel, or the package that brings the running kernel's modules.

    References:
        https://docs.docker.com/engine/install/troubleshoot/
    """
    for judged in needs.of("gone"):
        feature = judged.feature
        why = (
            f"the modules of the running kernel {needs.kernel.name} are gone"
            if not needs.has_tree
            else f"kernel {needs.kernel.name} has no module {' or '.join(feature.modules)} on the disk"
        )
        yield Finding(
            subject=Subject("kernel-feature", feature.name),
            message=f"{feature.consequence}: {why}",
            evidence=(
                Evidence("/proc/sys/kernel/osrelease", needs.kernel.described),
                Evidence("modules", judged.evidence),
            ),
            severity=None if feature.required else Severity.WARNING,
        )
