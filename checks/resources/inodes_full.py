"""A file system has almost no inodes left."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.host.details import Largest
from doctor.facts.host.disk_eaters import DiskEaters
from doctor.facts.host.resources import FileSystems


@check(
    severity=Severity.WARNING,
    detail=Largest,
    breaks=("start", "storage", "image"),
    ok="the file systems that the engine writes to have free inodes",
)
def inodes_full(systems: FileSystems, eaters: DiskEaters | Missing) -> Iterator[Finding]:
    """A file system has almost no inodes left, so files can't be created although space is free.

    What it looks at:
        Free inodes of the file systems of the data root, containerd, /, /var/log, /tmp and /run: a warning from 85 % used,
        critical from 95 %. File systems without a limit (btrfs, xfs with dynamic inodes) are skipped. Then doctor counts the files
        of the likely places, for at most two seconds.

    Why it matters:
        Programs fail with "no space left on device" while df shows free space. Layers of small files (node_modules) use up inodes
        before space. If the data root's file system has fewer than 1000 left, doctor neither stops nor starts the engine.

    How it is fixed:
        Manually: the user decides what to delete. The number of inodes of an ext4 file system is fixed at its creation.

    References:
        https://man7.org/linux/man-pages/man8/mke2fs.8.html
    """
    for system in systems.items:
        if not system.lacks_inodes:
            continue
        largest = () if isinstance(eaters, Missing) else eaters.inodes_on(system.path)
        most = f"; most are in: {', '.join(eater.inode_words for eater in largest[:3])}" if largest else ""
        percent = int(system.inode_ratio * 100)
        yield Finding(
            subject=Subject("file-system", system.path),
            message=(
                f"{percent} % of the inodes of {system.title} are used, {system.files_free} left: "
                f"file creation will soon fail{most}"
            ),
            evidence=(
                Evidence(f"statfs {system.path}", f"{system.files_free} of {system.files} inodes free"),
                *(Evidence(eater.path, eater.inode_words) for eater in largest),
            ),
            detail=Largest(eaters=largest),
            severity=Severity.CRITICAL if percent >= 95 or system.stops_engine else None,
            stops_start="inodes" in system.stops_engine,
        )
