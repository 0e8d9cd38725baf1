"""A module that containers need can't be loaded because its file is missing."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.kernel.features import KernelNeeds


@check(
    severity=Severity.CRITICAL,
    breaks=("storage", "egress", "port"),
    causes=("kernel/reboot-needed",),
    ok="every module that containers need is loaded or can be loaded",
    messages=(
        Message(
            pattern=r"modprobe: FATAL: Module \S+ not found(?: in directory \S+)?|modprobe: \w+: .*could not open moddep file '[^']+'(?:.*Module \S+ not found in directory \S+)?|modprobe: (?:WARNING|ERROR): Module \S+ not found in directory \S+|could not insert '\S+'",
            example="modprobe: FATAL: Module br_netfilter not found in directory /lib/modules/6.1.0-18-amd64",
            means="a kernel module can't be loaded: the modules of the running kernel may be missing after an upgrade, or the kernel was built without it",
            do="reboot after a kernel upgrade; otherwise install the package with the modules of 'uname -r'",
            also=("kernel/reboot-needed", "kernel/module-blacklisted", "kernel/feature-missing"),
            apart="whether /lib/modules has a directory for 'uname -r'",
        ),
    ),
)
def module_not_loadable(needs: KernelNeeds) -> Iterator[Finding]:
    """A kernel module that containers need is not loaded and can't be loaded, because its file is missing.

    What it looks at:
        /lib/modules/RELEASE/modules.dep, for each feature that is a module of the running kernel and shows no sign of working. If
        the whole directory is missing, the kernel was upgraded (and the old one removed) without a reboot.

    Why it matters:
        Loaded modules continue to work, but loading on demand fails: for the first container, network or firewall rule that
        needs the module. So Docker breaks "by itself" hours after an upgrade.

    How it is fixed:
        Manually: reboot into the installed kernel, or install the package with the running kernel's modules.

    References:
        https://docs.docker.com/engine/install/troubleshoot/
    """
    for judged in needs.of("gone"):
        feature = judged.feature
        why = (
            f"the modules of the running kernel {needs.kernel.name} are missing"
            if not needs.has_tree
            else f"kernel {needs.kernel.name} has no file of module {' or '.join(feature.modules)}"
        )
        yield Finding(
            subject=Subject("kernel-feature", feature.name),
            message=f"{why}: {feature.consequence}",
            evidence=(
                Evidence("/proc/sys/kernel/osrelease", needs.kernel.described),
                Evidence("modules", judged.evidence),
            ),
            severity=None if feature.required else Severity.WARNING,
        )
