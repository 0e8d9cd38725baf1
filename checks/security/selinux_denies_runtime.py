"""SELinux refuses what the engine or its runtime does."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.security.selinux import Selinux
from doctor.model.text import plural

_START = frozenset({"key", "bpf", "process", "process2", "cgroup"})
"""Classes of objects without which runc starts no container."""


@check(
    severity=Severity.WARNING,
    breaks=("start", "storage", "egress", "port"),
    ok="SELinux refused nothing to the engine's programs in the last day",
    messages=(
        Message(
            pattern=r"(?:failed to set /proc/self/attr/keycreate on procfs: )?write /proc/self/attr/keycreate: (?:permission denied|invalid argument)|(?:error setting cgroup config for procHooks process: )?load program: permission denied",
            example='docker: Error response from daemon: OCI runtime create failed: container_linux.go:345: starting container process caused "process_linux.go:430: container init caused \\"write /proc/self/attr/keycreate: permission denied\\"": unknown.',
            means="SELinux refuses what runc does: the policy package container-selinux is missing or older than this runc needs",
            do="update container-selinux ('dnf upgrade container-selinux'), and see the denials with 'ausearch -m avc -ts recent'",
        ),
    ),
)
def selinux_denies_runtime(selinux: Selinux) -> Iterator[Finding]:
    """SELinux is enforcing and refuses what runc or the engine does, so containers don't start.

    What it looks at:
        Only if /sys/fs/selinux/enforce is 1: the last 256 KiB of /var/log/audit/audit.log, for denials of the last 24 hours
        to runc, crun, dockerd, containerd and docker-proxy, and whether the policy has the module of container-selinux.
        Denials to programs in containers are not reported: they are what the policy is for.

    Why it matters:
        runc fails with "write /proc/self/attr/keycreate: permission denied" or "load program: permission denied", which
        don't mention SELinux. The policy is older than runc after an upgrade of the engine alone.

    How it is fixed:
        Manually: install or update container-selinux. Setting SELinux to permissive removes more protection than needed.

    References:
        https://github.com/moby/moby/issues/39109
        https://github.com/opencontainers/runc/issues/3686
    """
    if not selinux.denials:
        return
    last = selinux.denials[-1]
    fatal = [one for one in selinux.denials if one.target in _START]
    shown = (fatal or list(selinux.denials))[-1]
    module = {
        True: "has the module container",
        False: "has no module container: container-selinux is not installed",
        None: "its modules can't be listed",
    }[selinux.has_container_module]
    effect = "containers can fail to start" if fatal else "a part of what it does fails"
    yield Finding(
        subject=Subject("selinux", shown.command),
        message=f"SELinux refuses {shown.command} the access '{shown.access}' to {shown.target}: {effect}",
        severity=Severity.ERROR if fatal else None,
        evidence=(
            Evidence("/sys/fs/selinux/enforce", "1"),
            Evidence(selinux.log, shown.line),
            Evidence(
                selinux.log, f"{plural(len(selinux.denials), 'denial')} in the last day, of {last.source} at last"
            ),
            Evidence(f"policy {selinux.policy}", module),
        ),
    )
