"""Nothing can be written to the data root."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.state import EngineState, start_fails
from doctor.facts.storage.driver import Storage


@check(severity=Severity.CRITICAL, breaks=("storage",), stops_start=True, ok="the data root can be written to")
def data_root_readonly(storage: Storage, config: EngineConfig, state: EngineState | Missing) -> Iterator[Finding]:
    """The data root's file system is read-only, so the engine does not start and containers can't write.

    What it looks at:
        The mount in which the data root lies, and the file system's own state.

    Why it matters:
        ext4 and xfs turn read-only when they meet an error on the disk, to save what is there. Writing on would make it worse. A
        wrong fstab line looks the same.

    How it is fixed:
        Where only the mount is read-only and the file system beneath it is not, no error made it so: ``--choose`` remounts it. Else
        by a person: look into the kernel's log, check the file system (fsck, xfs_repair) while it is not mounted, replace the disk if
        it fails. Remounting it writable over an error loses data.

    References:
        https://docs.kernel.org/admin-guide/ext4.html
    """
    if not storage.is_read_only:
        return
    yield Finding(
        subject=Subject("directory", config.data_root),
        message=f"{start_fails(state)}, and containers can't write: {config.data_root} is on a read-only file system",
        evidence=(Evidence("/proc/self/mountinfo", ", ".join(storage.options[:6]) or "read-only"),),
    )
