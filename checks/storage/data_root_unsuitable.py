"""The data root lies on a file system that containers can't live on."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.state import EngineState, start_fails
from doctor.facts.storage.driver import UNSUITABLE, Storage


@check(severity=Severity.CRITICAL, breaks=("storage",), ok="the data root lies on a file system made for it")
def data_root_unsuitable(storage: Storage, config: EngineConfig, state: EngineState | Missing) -> Iterator[Finding]:
    """The data root lies on a network or foreign file system, where overlay2 can't work.

    What it looks at:
        The file system of the data root: nfs, cifs, ecryptfs, aufs, vfat and exfat have no place for an overlay's upper directory.

    Why it matters:
        They lack extended attributes, d_type or whiteouts. The engine ends with "driver not supported", or runs on vfs without
        ownership and links. Two hosts on one nfs data root destroy it.

    How it is fixed:
        By a person: put the data root on a local ext4 or xfs; volumes may stay on the network.

    References:
        https://docs.docker.com/engine/storage/drivers/select-storage-driver/#supported-backing-filesystems
    """
    if storage.file_system not in UNSUITABLE or storage.driver in {"fuse-overlayfs", "vfs"}:
        return
    yield Finding(
        subject=Subject("directory", config.data_root),
        message=f"{start_fails(state)}: {config.data_root} lies on {storage.file_system}, where no overlay can be made",
        evidence=(Evidence(f"file system of {config.data_root}", storage.file_system),),
    )
