"""A file system that the engine or the host needs is nearly full."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.resources import GIB, FileSystem, FileSystems, size


@check(severity=Severity.WARNING, breaks=("storage", "image"), ok="there is space where the engine writes")
def disk_full(systems: FileSystems) -> Iterator[Finding]:
    """A file system is nearly full, so pulls, builds and writes of containers fail, and files are torn.

    What it looks at:
        Space that an ordinary user may still write (not root's reserve) on the file systems of the data root, containerd, /,
        /var/log, /tmp and /run, each once. The data root warns from 80 % and is critical from 90 %, others from 85 % and
        95 %; only where less than 20 GiB are left, so that a big disk with room enough is no finding. Read-only file systems
        are left out; btrfs and zfs, whose numbers are estimates, only warn when less than 1 GiB is left.

    Why it matters:
        At 100 % the engine writes empty and half files of its state, which keep it from starting later.

    How it is fixed:
        A person decides what goes: doctor never deletes images, volumes or logs.

    References:
        https://docs.docker.com/engine/manage-resources/pruning/
    """
    for system in systems.items:
        severity = _severity(system)
        if severity is None:
            continue
        percent = int(system.used_ratio * 100)
        yield Finding(
            subject=Subject("file-system", system.path),
            message=(
                f"writes to {' and '.join(system.uses)} fail soon: {percent} % used, "
                f"{size(system.available_bytes)} of {size(system.size_bytes)} left"
            ),
            evidence=(
                Evidence(
                    f"statfs {system.path}",
                    f"{size(system.used_bytes)} used, {size(system.available_bytes)} available to users",
                ),
            ),
            severity=severity,
        )


def _severity(system: FileSystem) -> Severity | None:
    if system.read_only or system.available_bytes >= 20 * GIB:
        return None
    low, high = (0.80, 0.90) if system.holds_data_root else (0.85, 0.95)
    if not system.tells_truth:
        return Severity.WARNING if system.available_bytes < GIB else None
    if system.used_ratio >= high:
        return Severity.CRITICAL
    return Severity.WARNING if system.used_ratio >= low else None
