"""The data root is on a file system that overlay2 does not support."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.state import EngineState, start_fails
from doctor.facts.storage.driver import UNSUITABLE, Storage


@check(
    severity=Severity.CRITICAL,
    breaks=("storage",),
    ok="the data root is on a suitable file system",
    messages=(
        Message(
            pattern=r"overlayfs: filesystem on '[^']*' not supported as (?:upper|lower)dir|overlayfs: upper fs (?:does not support|missing required|is missing) (?!d_type)[\w ]+",
            example="overlayfs: filesystem on '/opt/docker/check-overlayfs-support208694860/upper' not supported as upperdir",
            means="the data root is on a file system that can't hold overlay's upper directory",
            do="see 'findmnt -T /var/lib/docker'; move the data root to a local ext4 or xfs",
            also=("storage/data-root-on-overlay", "storage/driver-fs-mismatch"),
        ),
    ),
)
def data_root_unsuitable(storage: Storage, config: EngineConfig, state: EngineState | Missing) -> Iterator[Finding]:
    """The data root is on a network or other file system where overlay2 can't work.

    What it looks at:
        The file system of the data root: nfs, cifs, ecryptfs, aufs, vfat and exfat can't hold an overlay's upper directory.

    Why it matters:
        They lack extended attributes, d_type or whiteouts. The engine exits with "driver not supported", or uses vfs without
        ownership and links. Two hosts with the same data root on nfs destroy it.

    How it is fixed:
        Manually: move the data root to a local ext4 or xfs. Volumes may stay on the network.

    References:
        https://docs.docker.com/engine/storage/drivers/select-storage-driver/#supported-backing-filesystems
    """
    if storage.file_system not in UNSUITABLE or storage.driver in {"fuse-overlayfs", "vfs"}:
        return
    yield Finding(
        subject=Subject("directory", config.data_root),
        message=f"{config.data_root} is on {storage.file_system}, where overlay2 can't work: {start_fails(state)}",
        evidence=(Evidence(f"file system of {config.data_root}", storage.file_system),),
    )
