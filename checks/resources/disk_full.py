"""A file system of the engine or the host is nearly full."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.facts.host.details import Largest
from doctor.facts.host.disk_eaters import DiskEaters
from doctor.facts.host.resources import MIB, FileSystem, FileSystems, size


@check(
    severity=Severity.WARNING,
    detail=Largest,
    breaks=("start", "storage", "image"),
    ok="the file systems that the engine writes to have free space",
    messages=(
        Message(
            pattern=r"no space left on device|disk \d+ ?% (?:used|full)\b.*|disk (?:is )?full|disk quota exceeded|eviction manager: .*(?:ephemeral-storage|imagefs|nodefs)|ImageGCFailed|FreeDiskSpaceFailed|failed to garbage collect required amount of images",
            example="failed to register layer: Error processing tar file(exit status 1): write /data: no space left on device",
            means="a disk is full or has no free inodes; the limit of inotify watches causes the same error",
            do="find what is large with 'docker system df' and 'du -xsh /var/lib/docker/* /var/lib/containerd/*': containers/ mostly has logs; overlay2/ or a snapshotter that is larger than all images has layers that nothing names",
            also=(
                "resources/inodes-full",
                "resources/inotify",
                "logging/unbounded",
                "logging/container-unbounded",
                "state/layer-orphan",
            ),
            apart="'df -h' and 'df -i' of the path that the line names",
        ),
    ),
)
def disk_full(systems: FileSystems, eaters: DiskEaters | Missing) -> Iterator[Finding]:
    """A file system is nearly full, so pulls, builds and containers' writes fail, and files are truncated.

    What it looks at:
        The space available to users (without root's reserve) on the file systems of the data root, containerd,
        ``DOCKER_TMPDIR``, /, /var/log, /tmp and /run. For the data root, 80 % used is a warning and 90 % critical; for the others 85 % and 95 %. A file system
        with 20 GiB or more left is not reported. Read-only file systems are skipped. btrfs and zfs only estimate free space:
        they are a warning if less than 1 GiB is left. On a nearly full file system, doctor ranks who has the space: the engine's own
        account of unused images, containers, volumes and build cache, logs, layers that nothing refers to, unfinished downloads,
        deleted files that a process has open, quarantine, and other directories of the system. A walk has two seconds; a size that
        was not counted to the end is "at least".

    Why it matters:
        At 100 %, the engine writes its state files empty or truncated: if it is stopped then, it loses containers. If the data
        root's file system has less than 64 MiB left, doctor neither stops nor starts the engine.

    How it is fixed:
        Manually: doctor never deletes images, volumes or logs. The advice names the commands that free the most, with what each
        deletes; none deletes a volume. ``doctor quarantine purge`` deletes what doctor itself keeps.

    References:
        https://docs.docker.com/engine/manage-resources/pruning/
    """
    for system in systems.items:
        severity = _severity(system)
        if severity is None:
            continue
        percent = int(system.used_ratio * 100)
        state = (
            "is full, so writes fail" if system.available_bytes < MIB else "is nearly full, so writes will soon fail"
        )
        largest = () if isinstance(eaters, Missing) else eaters.on(system.path)
        most = f"; the largest: {', '.join(eater.words for eater in largest[:3])}" if largest else ""
        yield Finding(
            subject=Subject("file-system", system.path),
            message=(
                f"{system.title} {state}: {percent} % used, "
                f"{size(system.available_bytes)} of {size(system.size_bytes)} left{most}"
            ),
            evidence=(
                Evidence(
                    f"statfs {system.path}",
                    f"{size(system.used_bytes)} used, {size(system.available_bytes)} available to users",
                ),
                *(Evidence(eater.path, eater.words) for eater in largest),
            ),
            detail=Largest(eaters=largest, path=system.path, used_bytes=system.used_bytes),
            severity=severity,
            stops_start="inodes" not in system.stops_engine and bool(system.stops_engine),
        )


def _severity(system: FileSystem) -> Severity | None:
    if system.stops_engine:
        return Severity.CRITICAL if "inodes" not in system.stops_engine else None
    if not system.is_nearly_full:
        return None
    return Severity.CRITICAL if system.is_exact and system.used_ratio >= _high(system) else Severity.WARNING


def _high(system: FileSystem) -> float:
    return 0.90 if system.holds_data_root else 0.95
