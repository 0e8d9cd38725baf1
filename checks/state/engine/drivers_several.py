"""Several storage drivers have data in the data root."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.engine.details import SeveralDrivers
from doctor.model.text import holdings


@check(
    severity=Severity.CRITICAL,
    detail=SeveralDrivers,
    breaks=("storage", "image"),
    stops_start=True,
    ok="at most one storage driver has data in the data root",
    messages=(
        Message(
            pattern="contains (?:several valid|other) graphdrivers.*",
            example="error initializing graphdriver: /var/lib/docker contains several valid graphdrivers: fuse-overlayfs, overlay2; cleanup or explicitly choose storage driver (-s <DRIVER>)",
            means="the data root has data of several storage drivers, and dockerd does not choose one",
            do='set "storage-driver" to the one that has the images',
        ),
    ),
)
def drivers_several(root: DataRoot) -> Iterator[Finding]:
    """Several storage drivers have data in the data root and none is configured, so the engine does not start.

    What it looks at:
        Non-empty directories of overlay2, fuse-overlayfs, btrfs and zfs in the data root while no driver is configured. As in
        dockerd, vfs and removed drivers do not count.

    Why it matters:
        dockerd fails with "contains several valid graphdrivers". The usual advice, to delete one of the directories, may delete
        the images and containers.

    How it is fixed:
        The driver that has the images and containers is set in daemon.json. If several have some, the administrator must
        choose; the images of the other drivers are then hidden, not lost.

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
        message=f"several storage drivers have data ({', '.join(prior)}) and none is configured: the engine can't start",
        evidence=tuple(
            Evidence(root.at(found.name), holdings(found.images, found.containers))
            for found in root.drivers
            if found.name in prior
        ),
        detail=SeveralDrivers(driver=used[0].name if len(used) == 1 else ""),
    )
