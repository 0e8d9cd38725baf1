"""The file system of the engine's data has errors."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.kernel.log import KernelLog, times
from doctor.model.text import in_words


@check(
    severity=Severity.ERROR,
    breaks=("start", "storage", "image"),
    causes=("storage/disk-errors",),
    ok="the file systems of the engine's data have no errors",
    messages=(
        Message(
            names=("file system errors", "remounted read-only"),
            pattern=r"EXT[34]-fs error.*|XFS \(\S+\): .*(?:corruption|shutdown|shut down|Shutting down).*|BTRFS:? (?:error|critical) \(device \S+.*"
            r"|structure needs cleaning|Remounting filesystem read-only",
            example="EXT4-fs error (device sda1): ext4_find_entry:1455: inode #2: comm dockerd: reading directory lblock 0",
            means="the file system is corrupt or could not write to its disk, and the kernel may have made it read-only",
            do="save the data first, read 'dmesg', then check the file system while it is unmounted",
            also=("storage/disk-errors", "storage/data-root-readonly"),
            apart="'dmesg' shows whether the disk had I/O errors before",
        ),
    ),
)
def file_system_errors(log: KernelLog) -> Iterator[Finding]:
    """The file system of the engine's data reported errors in the last day: it needs a check, and may be read-only already.

    What it looks at:
        Errors of ext4, xfs, btrfs and f2fs of the last 24 hours in the kernel's log, for the devices of the data root,
        /var/lib/containerd and /, since they were mounted. The daily reminder of ext4 about old errors ("error count since last fsck") does not count.

    Why it matters:
        The kernel makes the file system read-only or shuts it down, to protect what is left: the engine and containers can't write.
        Each further write to a corrupt file system can destroy more.

    How it is fixed:
        Manually: save the data, then check the unmounted file system. If the disk has errors, replace it first.

    References:
        https://docs.kernel.org/admin-guide/ext4.html
        https://docs.kernel.org/admin-guide/xfs.html
    """
    for device, paths, events in log.by_device("file-system"):
        yield Finding(
            subject=Subject("device", device),
            message=(
                f"the file system on {device}, which has {in_words(paths)}, has errors ({times(events)}): the kernel "
                "may make it read-only"
            ),
            evidence=tuple(Evidence(f"kernel log, {event.ago}", event.text) for event in events[-3:]),
        )
