"""The engine fell back to the storage driver vfs."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.state import EngineInfo
from doctor.facts.storage.driver import Storage


@check(
    severity=Severity.WARNING,
    causes=("storage/data-root-on-overlay", "storage/overlay-unsupported"),
    ok="the engine did not fall back to vfs",
)
def vfs_implicit(storage: Storage, info: EngineInfo, config: EngineConfig) -> Iterator[Finding]:
    """The engine fell back to the storage driver vfs, which copies every layer completely: it is slow and fills the disk.

    What it looks at:
        The running engine's driver, and whether a setting names it.

    Why it matters:
        The engine uses vfs only if no other driver works on this kernel and file system. An image of 20 layers needs 20 copies,
        and each container another one. Images of an earlier driver are hidden.

    How it is fixed:
        Manually: find out why overlay2 did not work (the engine's log shows it), then ``docker save`` and load the images.

    References:
        https://docs.docker.com/engine/storage/drivers/vfs-driver/
    """
    if info.storage_driver != "vfs" or storage.configured:
        return
    yield Finding(
        subject=Subject("storage driver", "vfs"),
        message=f"the engine fell back to the storage driver vfs, which copies every layer: it fills {config.data_root} fast",
        evidence=(Evidence("GET /info", "Driver vfs"), Evidence("storage-driver", "not set")),
    )
