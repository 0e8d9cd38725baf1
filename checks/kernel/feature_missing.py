"""The kernel was built without something containers need."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.kernel.features import KernelNeeds


@check(severity=Severity.ERROR, breaks=("storage", "egress", "port"), ok="the kernel has what containers need")
def feature_missing(needs: KernelNeeds) -> Iterator[Finding]:
    """The running kernel was built without a feature that the engine or its containers need.

    What it looks at:
        For each feature first whether it can be seen to work (file systems, files of /proc and /sys, interfaces, loaded
        modules), then whether a module of the running kernel brings it, and only then the kernel's configuration, if its
        header names the running release. Without any of these nothing is said. What only some networks or drivers need
        counts only where they are used; two firewall backends count as one.

    Why it matters:
        The engine fails to start, or containers fail with messages of runc or iptables that name anything but the kernel.

    How it is fixed:
        With another kernel: the finding says which package of the distribution brings the module, where one does.

    References:
        https://github.com/moby/moby/blob/master/contrib/check-config.sh
        https://docs.docker.com/engine/install/troubleshoot/
    """
    for judged in needs.of("absent"):
        feature = judged.feature
        yield Finding(
            subject=Subject("kernel-feature", feature.name),
            message=f"{feature.consequence}: kernel {needs.kernel.name} was built without {' or '.join(feature.options)}",
            evidence=(
                Evidence("/proc/sys/kernel/osrelease", needs.kernel.described),
                Evidence("kernel configuration", judged.evidence),
            ),
            severity=None if feature.required else Severity.WARNING,
        )
