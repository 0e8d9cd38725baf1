"""The engine copies every layer whole, and nobody asked it to."""

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
    """The engine fell back to the storage driver vfs, which copies every layer whole: slow, and the disk fills fast.

    What it looks at:
        The running engine's driver, and whether anybody named it.

    Why it matters:
        vfs is the last resort when no other driver works on this kernel and file system. An image of 20 layers takes 20 copies, each
        container another one. Images made with a better driver before are hidden.

    How it is fixed:
        By a person: find out why overlay2 did not work here (the engine's log says it), then ``docker save`` and load the images.

    References:
        https://docs.docker.com/engine/storage/drivers/vfs-driver/
    """
    if info.storage_driver != "vfs" or storage.configured:
        return
    yield Finding(
        subject=Subject("storage driver", "vfs"),
        message=f"the engine copies every layer whole and fills {config.data_root} fast: it fell back to vfs",
        evidence=(Evidence("GET /info", "Driver vfs"), Evidence("storage-driver", "not set")),
    )
