"""The disk of the data root is not mounted."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.storage.driver import Storage, Unmounted


@check(
    severity=Severity.CRITICAL,
    detail=Unmounted,
    breaks=("storage", "image"),
    ok="every disk in fstab for the data root is mounted",
)
def data_root_not_mounted(storage: Storage, config: EngineConfig) -> Iterator[Finding]:
    """A disk for the data root in /etc/fstab is not mounted, so the engine uses the directory at the mount point instead.

    What it looks at:
        Lines of /etc/fstab without ``noauto`` for the data root, a directory above it or one in it (``volumes``, a volume's
        ``_data``), against the mount table.

    Why it matters:
        If the disk is missing, or slower than the engine at boot, dockerd creates a new data root on the root file system. All
        images and containers seem lost, and new pulls fill the wrong disk; the data on the unmounted disk is unchanged. If the
        volumes have their own disk, containers start with new, empty volumes: a database initializes itself again, and mounting
        the disk later hides the new data.

    How it is fixed:
        If the disk exists and the directory at the mount point is empty, the disk is mounted. Otherwise manually: stop the engine,
        check which files were written to the directory (no program can merge two volumes), move it away, mount the disk, start
        the engine. ``RequiresMountsFor=`` in a drop-in of docker.service makes the engine wait for the disk.

    References:
        https://www.freedesktop.org/software/systemd/man/latest/systemd.unit.html#RequiresMountsFor=
    """
    for lost in storage.unmounted:
        point = lost.point
        yield Finding(
            subject=Subject("mount", point),
            message=f"{point} is in /etc/fstab but not mounted: {_held(point, config.data_root)} not accessible",
            evidence=(
                Evidence("/etc/fstab", f"{lost.source} at {point}"),
                Evidence("/proc/self/mountinfo", f"nothing at {point}"),
            ),
            detail=lost,
        )


def _held(point: str, data_root: str) -> str:
    """Return the content of the disk, with its verb."""
    inside = point.removeprefix(f"{data_root.rstrip('/')}/")
    if inside == point:
        return "images and containers are"
    return "volumes are" if inside.partition("/")[0] == "volumes" else "a part of the data root is"
