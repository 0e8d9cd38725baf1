"""The thin pool of the devicemapper driver can't be opened."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.storage.thin_pool import ThinPool


@check(severity=Severity.ERROR, breaks=("storage", "image"), ok="the thin pool's superblock is whole")
def thin_pool_damaged(pool: ThinPool) -> Iterator[Finding]:
    """The thin pool of the devicemapper driver is damaged, so all images and containers in it are out of reach.

    What it looks at:
        The first block of ``devicemapper/devicemapper/metadata`` in the data root: its magic, checksum and flags, and whether
        the data file is there. The trees behind it are not walked, so a pass is no proof of health.

    Why it matters:
        The kernel refuses such a pool, or opens it for reading only. The driver is gone since Docker 25.0; what is in the pool
        is reached with the tools of thin-provisioning-tools alone.

    How it is fixed:
        By a person, on copies of both files: ``thin_repair`` with the numbers of this pool. That it ends well proves nothing:
        compare the mapped blocks of each device with its size, and check each file system.

    References:
        https://docs.kernel.org/admin-guide/device-mapper/thin-provisioning.html
        https://man7.org/linux/man-pages/man8/thin_repair.8.html
    """
    if pool.problem:
        yield Finding(
            subject=Subject("file", pool.metadata),
            message=f"images and containers of the devicemapper driver are out of reach: the metadata of their pool is damaged, "
            f"{pool.problem}",
            evidence=(
                Evidence(pool.metadata, pool.problem),
                Evidence(pool.data, f"{pool.data_blocks} blocks of 64 KiB"),
            ),
        )
