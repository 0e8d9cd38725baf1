"""The kubelet does not start because swap is on."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.host.kubernetes import Kubelet
from doctor.facts.host.swaps import Swaps


@check(
    severity=Severity.ERROR,
    ok="swap does not prevent the kubelet's start",
    messages=(
        Message(
            pattern="running with swap on is not supported.*",
            example="failed to run Kubelet: running with swap on is not supported, please disable swap!",
            means="swap is on, and the kubelet refuses to start",
            do="run 'swapoff -a' and remove swap from /etc/fstab, or set failSwapOn: false",
        ),
    ),
)
def swap_on(kubelet: Kubelet, swaps: Swaps) -> Iterator[Finding]:
    """Swap is on and the kubelet is configured to fail on swap, so it does not start.

    What it looks at:
        /proc/swaps, and ``failSwapOn`` of /var/lib/kubelet/config.yaml (on by default).

    Why it matters:
        kubelet exits with "running with swap on is not supported". This often appears only after a reboot, when /etc/fstab turns
        on swap that was turned off by hand; zram counts too.

    How it is fixed:
        If memory has room for the swapped-out pages, the swap areas are turned off and their lines in /etc/fstab commented out.
        A kubelet with failSwapOn: false also starts with swap.

    References:
        https://kubernetes.io/docs/concepts/cluster-administration/swap-memory-management/
    """
    if kubelet.fails_on_swap and swaps.devices:
        yield Finding(
            subject=Subject("swap", swaps.devices[0]),
            message="swap is on, and failSwapOn is not false: the kubelet will not start",
            evidence=(
                Evidence("/proc/swaps", ", ".join(swaps.devices)),
                Evidence(kubelet.evidence, "failSwapOn: true"),
            ),
        )
