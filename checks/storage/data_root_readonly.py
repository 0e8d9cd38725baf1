"""The data root is read-only."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.state import EngineState, start_fails
from doctor.facts.storage.driver import Storage


@check(
    severity=Severity.CRITICAL,
    breaks=("start", "storage"),
    stops_start=True,
    ok="the data root is writable",
    messages=(
        Message(
            pattern="read-only file system",
            example="failed to start daemon: mkdir /var/lib/docker/tmp: read-only file system",
            means="a file system is mounted read-only, often after an error",
            do="read 'dmesg' for errors of the disk, check the file system, then mount it writable",
        ),
    ),
)
def data_root_readonly(storage: Storage, config: EngineConfig, state: EngineState | Missing) -> Iterator[Finding]:
    """The data root's file system is read-only, so the engine does not start and containers can't write.

    What it looks at:
        The options of the data root's mount and of its file system.

    Why it matters:
        ext4 and xfs become read-only after a disk error to protect the data; further writes could damage it. A wrong line in
        fstab has the same effect.

    How it is fixed:
        If only the mount is read-only and its file system is not, an error is not the cause, and ``--choose`` remounts it.
        Otherwise manually: read the kernel's log, check the unmounted file system (fsck, xfs_repair), and replace a failing disk.
        Remounting it writable after an error can lose data.

    References:
        https://docs.kernel.org/admin-guide/ext4.html
    """
    if not storage.is_read_only:
        return
    yield Finding(
        subject=Subject("directory", config.data_root),
        message=f"{config.data_root} is on a read-only file system: {start_fails(state)}, and containers can't write",
        evidence=(Evidence("/proc/self/mountinfo", ", ".join(storage.options[:6]) or "read-only"),),
    )
