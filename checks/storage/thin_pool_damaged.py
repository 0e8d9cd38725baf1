"""The thin pool of the devicemapper driver is corrupt."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.storage.thin_pool import ThinPool


@check(
    severity=Severity.ERROR,
    breaks=("storage", "image"),
    ok="the thin pool's superblock is valid",
    messages=(
        Message(
            pattern=r"""Thin Pool has \d+ free (?:data|metadata) blocks.*""",
            example="devmapper: Thin Pool has 162394 free data blocks which is less than minimum required 163840 free data blocks. Create more free space in thin pool or use dm.min_free_space option to change behavior",
            means="the pool of the storage driver devicemapper is full",
            do="remove images and containers, and change to overlay2",
            until="24",
        ),
        Message(
            pattern=r"devicemapper/devicemapper/(?:data|metadata|json)\S*: .*|devmapper: Error.*|Base Device UUID.*|Thin Pool is in read-only mode",
            example="Error starting daemon: error initializing graphdriver: open /var/lib/docker/devicemapper/devicemapper/data: no such file or directory",
            means="the files of the devicemapper pool are missing or corrupt",
            do="look for copies held open by device mapper ('dmsetup table', 'losetup -a') before removing anything",
            also=("storage/driver-removed",),
            until="24",
        ),
    ),
)
def thin_pool_damaged(pool: ThinPool) -> Iterator[Finding]:
    """The thin pool of the devicemapper driver is corrupt, so its images and containers are not accessible.

    What it looks at:
        The first block of ``devicemapper/devicemapper/metadata`` in the data root: its magic, checksum and flags, and whether
        the data file exists; if both files are missing beside the driver's records of devices, also which loop devices still
        have them. The trees after it are not checked, so a pass does not prove that the pool is healthy.

    Why it matters:
        The kernel rejects such a pool, or opens it read-only. Docker removed the driver in 25.0, so only the programs of
        thin-provisioning-tools can repair the pool.

    How it is fixed:
        Manually, on copies of both files: run ``thin_repair`` with the numbers of this pool. Its success proves nothing: compare
        the mapped blocks of each device with its size, and check each file system.

    References:
        https://docs.kernel.org/admin-guide/device-mapper/thin-provisioning.html
        https://man7.org/linux/man-pages/man8/thin_repair.8.html
    """
    if pool.is_gone:
        yield Finding(
            subject=Subject("file", pool.metadata),
            message="both files of the devicemapper pool, data and metadata, are missing: its images and containers are not accessible",
            evidence=(
                Evidence(pool.metadata, "no such file"),
                Evidence(pool.data, "no such file"),
                *(Evidence(device, f"still has the deleted {path}") for path, device in pool.held.items()),
            ),
        )
    elif pool.problem:
        yield Finding(
            subject=Subject("file", pool.metadata),
            message=f"the metadata of the devicemapper pool is corrupt ({pool.problem}): "
            "its images and containers are not accessible",
            evidence=(
                Evidence(pool.metadata, pool.problem),
                Evidence(pool.data, f"{pool.data_blocks} blocks of 64 KiB"),
            ),
        )
