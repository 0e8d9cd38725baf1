"""Another file system is mounted over the data root."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.host.mounts import Mounts


@check(severity=Severity.CRITICAL, breaks=("storage", "image"), ok="nothing is mounted over the data root")
def mount_over_data_root(mounts: Mounts, root: DataRoot) -> Iterator[Finding]:
    """A second mount hides the data root, so the engine uses another directory, or will after its next start.

    What it looks at:
        Mounts at the data root and at directories above it that are hidden by another mount. A single disk mounted on a
        directory is normal, and so are autofs and a directory bind-mounted onto itself, as dockerd does.

    Why it matters:
        Images and containers are on the hidden disk and seem lost. An engine that was started before the mount still uses the
        hidden disk; after a restart it uses the upper one.

    How it is fixed:
        Manually: stop the engine, unmount the upper file system, start the engine.

    References:
        https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html
    """
    for hidden, over in mounts.hidden_at(root.resolved):
        yield Finding(
            subject=Subject("mount", over.mount_point),
            message=f"{over.source} ({over.fs_type}) is mounted over {hidden.source} at {hidden.mount_point}: "
            "images and containers are hidden",
            evidence=(
                Evidence("/proc/self/mountinfo", f"{hidden.mount_id}: {hidden.source} on {hidden.mount_point}"),
                Evidence("/proc/self/mountinfo", f"{over.mount_id}: {over.source} on {over.mount_point}"),
            ),
        )
