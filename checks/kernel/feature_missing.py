"""The kernel was built without a feature that containers need."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.kernel.features import KernelNeeds


@check(
    severity=Severity.ERROR,
    breaks=("storage", "egress", "port"),
    ok="the kernel has the features that containers need",
    messages=(
        Message(
            pattern=r"iptables v[\d.]+ \(nf_tables\): .*?Couldn't load (?:match|target) .*|failed to create (?:new )?bridge \S+ via netlink:? (?:error=)?\"?operation not (?:supported|permitted)|creating default \"?bridge\"? network: operation not supported|bpf_prog_query\(BPF_CGROUP_DEVICE\) failed: .*|Chain '(?:MASQUERADE|DNAT|SNAT|REDIRECT|REJECT|LOG|MARK|CONNMARK)' does not exist.*|Extension \S+ (?:revision \S+ )?not supported, missing kernel module\?",
            example="Warning: Extension addrtype revision 0 not supported, missing kernel module?",
            means="the kernel was built without a feature that iptables or runc needs, or its module is missing",
            do="boot a kernel of the distribution, or install the package with its modules",
            also=(
                "kernel/module-not-loadable",
                "kernel/module-blacklisted",
                "kernel/reboot-needed",
                "firewall/variant-unsupported",
            ),
            apart="whether /lib/modules has a directory for 'uname -r', and whether 'modprobe bridge' works",
        ),
    ),
)
def feature_missing(needs: KernelNeeds) -> Iterator[Finding]:
    """The running kernel was built without a feature that the engine or its containers need.

    What it looks at:
        For each feature, first signs that it works (file systems, files of /proc and /sys, interfaces, loaded modules), then
        the modules of the running kernel, and last the kernel's configuration, if its header names the running release.
        Without any of these, nothing is reported. A feature that only some networks or drivers need is required only if they
        are used. One of the two firewall backends is enough.

    Why it matters:
        The engine does not start, or containers fail with messages of runc or iptables that don't mention the kernel.

    How it is fixed:
        Manually, with another kernel. The advice names the distribution's package that contains the module, if there is one.

    References:
        https://github.com/moby/moby/blob/master/contrib/check-config.sh
        https://docs.docker.com/engine/install/troubleshoot/
    """
    for judged in needs.of("absent"):
        feature = judged.feature
        yield Finding(
            subject=Subject("kernel-feature", feature.name),
            message=f"kernel {needs.kernel.name} was built without {' or '.join(feature.options)}: {feature.consequence}",
            evidence=(
                Evidence("/proc/sys/kernel/osrelease", needs.kernel.described),
                Evidence("kernel configuration", judged.evidence),
            ),
            severity=None if feature.required else Severity.WARNING,
        )
