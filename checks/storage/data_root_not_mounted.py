"""The disk of the data root is not mounted."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.storage.driver import Storage, Unmounted


@check(
    severity=Severity.CRITICAL,
    detail=Unmounted,
    breaks=("storage", "image"),
    ok="every disk that fstab has for the data root is mounted",
)
def data_root_not_mounted(storage: Storage, config: EngineConfig) -> Iterator[Finding]:
    """The disk that /etc/fstab mounts for the data root is not mounted, so the engine works in an empty directory beneath it.

    What it looks at:
        Lines of /etc/fstab for the data root, a directory above it or one in it (``volumes``, a volume's ``_data``), without
        ``noauto``, against the mount table.

    Why it matters:
        With the disk away, or slower than the engine at boot, dockerd makes a new data root on the root file system. All images and
        containers seem lost, and what is pulled now fills the wrong disk. Nothing is lost on the real one. Where the volumes are on a disk of
        their own, containers start with new, empty ones: a database sets itself up anew, and mounting the disk later hides that.

    How it is fixed:
        Where the disk is there and the directory beneath it is empty, it is mounted. Otherwise by a person: stop the engine, look at
        what was written in the directory meanwhile (no program can merge two volumes), move it away, mount the disk, start the
        engine. ``RequiresMountsFor=`` in a drop-in of docker.service makes it wait for the disk.

    References:
        https://www.freedesktop.org/software/systemd/man/latest/systemd.unit.html#RequiresMountsFor=
    """
    for lost in storage.unmounted:
        point = lost.point
        yield Finding(
            subject=Subject("mount", point),
            message=f"{_held(point, config.data_root)} out of sight: {point} is in /etc/fstab and is not mounted",
            evidence=(
                Evidence("/etc/fstab", f"{lost.source} at {point}"),
                Evidence("/proc/self/mountinfo", f"nothing at {point}"),
            ),
            detail=lost,
        )


def _held(point: str, data_root: str) -> str:
    """Return what lies on that disk, in words."""
    inside = point.removeprefix(f"{data_root.rstrip('/')}/")
    if inside == point:
        return "images and containers are"
    return "volumes are" if inside.partition("/")[0] == "volumes" else "a part of the data root is"
