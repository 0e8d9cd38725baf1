"""The data root lies on an overlay."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.state import EngineState, start_fails
from doctor.facts.storage.driver import Storage


@check(severity=Severity.CRITICAL, breaks=("storage",), ok="the data root does not lie on an overlay")
def data_root_on_overlay(storage: Storage, config: EngineConfig, state: EngineState | Missing) -> Iterator[Finding]:
    """The data root lies on an overlay, where overlay2 can't work: the engine does not start or falls back to copying.

    What it looks at:
        The file system of the data root, and the storage driver that is set, running, or has images there.

    Why it matters:
        The kernel refuses an overlay's upper directory on an overlay. With overlay2 set the engine ends with "driver not supported";
        without, it takes fuse-overlayfs or vfs, which copies every layer whole. It is the usual state of Docker in a container
        without a volume for its data root, and of live systems.

    How it is fixed:
        By a person: mount a volume or a disk at the data root, or point ``data-root`` to one.

    References:
        https://docs.docker.com/engine/storage/drivers/select-storage-driver/#supported-backing-filesystems
    """
    if storage.file_system != "overlay":
        return
    is_fatal = storage.driver in {"overlay2", "overlayfs"}
    effect = start_fails(state) if is_fatal else "every layer is copied whole, slowly"
    yield Finding(
        subject=Subject("directory", config.data_root),
        message=f"{effect}: {config.data_root} lies on an overlay, where no overlay can be made",
        evidence=(
            Evidence(f"file system of {config.data_root}", "overlay"),
            Evidence("storage driver", storage.driver or "none set"),
        ),
        severity=None if is_fatal else Severity.WARNING,
        stops_start=is_fatal,
    )
