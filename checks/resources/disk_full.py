"""A file system that the engine or the host needs is nearly full."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.host.details import Largest
from doctor.facts.host.disk_eaters import DiskEaters
from doctor.facts.host.resources import FileSystem, FileSystems, size


@check(
    severity=Severity.WARNING, detail=Largest, breaks=("storage", "image"), ok="there is space where the engine writes"
)
def disk_full(systems: FileSystems, eaters: DiskEaters | Missing) -> Iterator[Finding]:
    """A file system is nearly full, so pulls, builds and writes of containers fail, and files are torn.

    What it looks at:
        Space that an ordinary user may still write (not root's reserve) on the file systems of the data root, containerd, /,
        /var/log, /tmp and /run, each once. The data root warns from 80 % and is critical from 90 %, others from 85 % and
        95 %; only where less than 20 GiB are left, so that a big disk with room enough is no finding. Read-only file systems
        are left out; btrfs and zfs, whose numbers are estimates, only warn when less than 1 GiB is left. Of a file system that is
        nearly full, the largest logs, volumes, caches and stores are counted, for two seconds at most.

    Why it matters:
        At 100 % the engine writes empty and half files of its state: stopped then, it loses containers. With less than 64 MiB
        left where the data root lies, doctor neither stops nor starts the engine.

    How it is fixed:
        A person decides what goes: doctor never deletes images, volumes or logs. It names what takes the most, and the command
        that frees it.

    References:
        https://docs.docker.com/engine/manage-resources/pruning/
    """
    for system in systems.items:
        severity = _severity(system)
        if severity is None:
            continue
        percent = int(system.used_ratio * 100)
        largest = () if isinstance(eaters, Missing) else eaters.on(system.path)
        most = f"; the largest: {', '.join(eater.words for eater in largest[:3])}" if largest else ""
        yield Finding(
            subject=Subject("file-system", system.path),
            message=(
                f"writes to {' and '.join(system.uses)} will soon fail: {percent} % used, "
                f"{size(system.available_bytes)} of {size(system.size_bytes)} left{most}"
            ),
            evidence=(
                Evidence(
                    f"statfs {system.path}",
                    f"{size(system.used_bytes)} used, {size(system.available_bytes)} available to users",
                ),
                *(Evidence(eater.path, eater.words) for eater in largest),
            ),
            detail=Largest(eaters=largest),
            severity=severity,
            stops_start="inodes" not in system.stops_engine and bool(system.stops_engine),
        )


def _severity(system: FileSystem) -> Severity | None:
    if system.stops_engine:
        return Severity.CRITICAL if "inodes" not in system.stops_engine else None
    if not system.is_nearly_full:
        return None
    return Severity.CRITICAL if system.tells_truth and system.used_ratio >= _high(system) else Severity.WARNING


def _high(system: FileSystem) -> float:
    return 0.90 if system.holds_data_root else 0.95
