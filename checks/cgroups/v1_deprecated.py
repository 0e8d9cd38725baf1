"""The host still uses control groups version 1."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.kernel.cgroups import Cgroups


@check(
    severity=Severity.INFO,
    ok="control groups version 2 is in use",
    messages=(
        Message(
            pattern=r"kubelet is configured to not run on a host using cgroup v1.*|Support for cgroup v1 is deprecated.*|cgroup v1 (?:support is in maintenance mode|is not supported).*",
            example="kubelet is configured to not run on a host using cgroup v1",
            means="the host uses control groups version 1, which kubelet 1.35 and newer refuse and Docker Engine 29 warns about",
            do="boot with systemd.unified_cgroup_hierarchy=1; until then failCgroupV1: false in the kubelet's settings",
        ),
    ),
)
def v1_deprecated(cgroups: Cgroups) -> Iterator[Finding]:
    """The host uses control groups version 1, which systemd and Kubernetes are dropping.

    What it looks at:
        The mounted hierarchies. v2 next to v1 (hybrid) counts as v1, as it does for the engine.

    Why it matters:
        Everything works today. systemd 258 and RHEL 10 removed support, kubelet 1.35 does not start by default, and Docker
        Engine 29 supports v1 with a warning until May 2029: an upgrade of one of these can break the host.

    How it is fixed:
        Manually: boot with systemd.unified_cgroup_hierarchy=1 after checking that the containers' programs (JVMs, for example)
        support v2.

    References:
        https://docs.docker.com/engine/deprecated/
        https://kubernetes.io/docs/concepts/architecture/cgroups/
    """
    if cgroups.mode in {"v1", "hybrid"}:
        yield Finding(
            subject=Subject("cgroups", "version"),
            message="the host uses control groups version 1, which systemd and Kubernetes are dropping: upgrades may break it",
            evidence=(
                Evidence(
                    "/proc/self/mountinfo", f"{cgroups.mode}: {', '.join(sorted(cgroups.v1)) or 'no controllers'}"
                ),
            ),
        )
