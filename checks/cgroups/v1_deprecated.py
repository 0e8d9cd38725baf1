"""The host still uses control groups version 1."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.kernel.cgroups import Cgroups


@check(severity=Severity.INFO, ok="control groups version 2 are in use")
def v1_deprecated(cgroups: Cgroups) -> Iterator[Finding]:
    """Containers are limited by control groups version 1, which the next versions of several programs refuse.

    What it looks at:
        Which hierarchies are mounted; v2 beside v1 (hybrid) counts as v1, as the engine counts it.

    Why it matters:
        All works today. systemd 258 removed support, kubelet 1.35 fails to start by default, RHEL 10 has none, and Docker
        Engine 29 warns until May 2029: an upgrade of one of these breaks the host.

    How it is fixed:
        Boot with systemd.unified_cgroup_hierarchy=1, after the containers' images and JVMs are known to understand v2.

    References:
        https://docs.docker.com/engine/deprecated/
        https://kubernetes.io/docs/concepts/architecture/cgroups/
    """
    if cgroups.mode in {"v1", "hybrid"}:
        yield Finding(
            subject=Subject("cgroups", "version"),
            message="containers are limited by control groups version 1, which coming versions of the engine's neighbours refuse",
            evidence=(
                Evidence(
                    "/proc/self/mountinfo", f"{cgroups.mode}: {', '.join(sorted(cgroups.v1)) or 'no controllers'}"
                ),
            ),
        )
