"""Swap keeps the kubelet from starting."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.host.kubernetes import Kubelet
from doctor.facts.host.swaps import Swaps


@check(severity=Severity.ERROR, ok="swap does not keep the kubelet from starting")
def swap_on(kubelet: Kubelet, swaps: Swaps) -> Iterator[Finding]:
    """Swap is on and the kubelet is told to fail on swap, so it does not start.

    What it looks at:
        /proc/swaps, and ``failSwapOn`` of /var/lib/kubelet/config.yaml (on by default).

    Why it matters:
        kubelet ends with "running with swap on is not supported". It often shows only after a reboot, when swap that was turned off by
        hand comes back from /etc/fstab; zram counts too.

    How it is fixed:
        The areas are taken out of use and their lines in /etc/fstab become comments, where memory has room for what is in them. A
        kubelet with failSwapOn false starts with swap, too.

    References:
        https://kubernetes.io/docs/concepts/cluster-administration/swap-memory-management/
    """
    if kubelet.fails_on_swap and swaps.devices:
        yield Finding(
            subject=Subject("swap", swaps.devices[0]),
            message="the kubelet does not start again: swap is on, and failSwapOn is not false",
            evidence=(
                Evidence("/proc/swaps", ", ".join(swaps.devices)),
                Evidence(kubelet.evidence, "failSwapOn: true"),
            ),
        )
