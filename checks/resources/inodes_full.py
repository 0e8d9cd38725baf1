"""A file system has nearly no inodes left."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.host.resources import FileSystems


@check(severity=Severity.WARNING, breaks=("storage", "image"), ok="there are inodes where the engine writes")
def inodes_full(systems: FileSystems) -> Iterator[Finding]:
    """A file system has nearly no inodes left, so no file can be made although space is free.

    What it looks at:
        Free inodes of the file systems of the data root, containerd, /, /var/log, /tmp and /run: a warning from 85 % used,
        critical from 95 %. File systems without a limit (btrfs, xfs with dynamic inodes) are left out.

    Why it matters:
        "No space left on device" while df shows free space. Layers of small files (node_modules) use inodes up first. With less
        than 1000 left where the data root lies, doctor neither stops nor starts the engine.

    How it is fixed:
        A person decides what goes; the number of inodes of ext4 is fixed when it is made.

    References:
        https://man7.org/linux/man-pages/man8/mke2fs.8.html
    """
    for system in systems.items:
        if system.read_only or (system.inode_ratio < 0.85 and "inodes" not in system.stops_engine):
            continue
        percent = int(system.inode_ratio * 100)
        yield Finding(
            subject=Subject("file-system", system.path),
            message=(
                f"no more files can be made on {' and '.join(system.uses)} soon: "
                f"{percent} % of its inodes are used, {system.files_free} are left"
            ),
            evidence=(Evidence(f"statfs {system.path}", f"{system.files_free} of {system.files} inodes free"),),
            severity=Severity.CRITICAL if percent >= 95 or system.stops_engine else None,
            stops_start="inodes" in system.stops_engine,
        )
