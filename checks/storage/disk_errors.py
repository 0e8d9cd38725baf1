"""A disk below the engine's data has I/O errors."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.kernel.log import KernelLog, times
from doctor.model.text import in_words


@check(
    severity=Severity.ERROR,
    breaks=("start", "storage", "image"),
    ok="the disks of the engine's data have no I/O errors",
    messages=(
        Message(
            names=("i/o error", "bad disk"),
            pattern=r"(?:blk_update_request: |Buffer )?(?:I/O error|critical \w+ error),? (?:on )?dev \S+.*|input/output error",
            example="blk_update_request: I/O error, dev sda, sector 123456 op 0x0:(READ) flags 0x80700",
            means="a disk does not return or store data",
            do="save the data first, read 'dmesg' and 'smartctl -a /dev/sdX', then replace the disk or its cable",
            also=("storage/file-system-errors", "storage/data-root-readonly"),
            apart="'dmesg' names the device",
        ),
    ),
)
def disk_errors(log: KernelLog) -> Iterator[Finding]:
    """A disk below the engine's data had I/O errors in the last day: it may fail soon, and data may be lost already.

    What it looks at:
        I/O and medium errors of the last 24 hours in the kernel's log, of the devices below the data root, /var/lib/containerd and /,
        including the disks of a partition, LVM or RAID. Errors of other devices (a DVD, a stick), and of an earlier device with the same
        name (loop, dm), are left out.

    Why it matters:
        Reads fail with "input/output error", writes are lost, and the file system becomes read-only. State that the engine writes
        then is truncated.

    How it is fixed:
        Manually: save the data before anything else. A check of the file system does not repair a disk.

    References:
        https://www.smartmontools.org/wiki/FAQ
    """
    for device, paths, events in log.by_device("io"):
        yield Finding(
            subject=Subject("device", device),
            message=f"device {device}, which has {in_words(paths)}, has I/O errors ({times(events)}): data may be lost",
            evidence=tuple(Evidence(f"kernel log, {event.ago}", event.text) for event in events[-3:]),
        )
