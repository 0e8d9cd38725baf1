"""Several storage drivers left something in the data root."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.engine.details import SeveralDrivers


@check(
    severity=Severity.CRITICAL,
    detail=SeveralDrivers,
    breaks=("storage", "image"),
    stops_start=True,
    ok="one storage driver at most left something here",
)
def drivers_several(root: DataRoot) -> Iterator[Finding]:
    """Several storage drivers left something in the data root, so the engine does not know which to use and does not start.

    What it looks at:
        Non-empty directories of overlay2, fuse-overlayfs, btrfs and zfs in the data root while no driver is configured. vfs
        and drivers that no longer exist do not count, as for dockerd.

    Why it matters:
        dockerd ends with "contains several valid graphdrivers". Deleting one of the directories, the usual advice, may delete
        the images and containers.

    How it is fixed:
        The driver that holds the images and containers is named in daemon.json. Where several hold some, a person must
        choose; the others' images are then hidden, not lost.

    References:
        https://docs.docker.com/engine/storage/drivers/select-storage-driver/
        https://github.com/moby/moby/blob/v26.1.5/daemon/graphdriver/driver.go
    """
    prior = root.prior_drivers
    if root.configured_driver or len(prior) < 2:
        return
    used = [found for found in root.drivers if found.name in prior and found.holds_anything]
    yield Finding(
        subject=Subject("directory", root.resolved),
        message=f"the engine can't start: it finds several storage drivers ({', '.join(prior)}) and none is configured",
        evidence=tuple(
            Evidence(root.at(found.name), f"{found.images} images, {found.containers} containers")
            for found in root.drivers
            if found.name in prior
        ),
        detail=SeveralDrivers(driver=used[0].name if len(used) == 1 else ""),
    )
