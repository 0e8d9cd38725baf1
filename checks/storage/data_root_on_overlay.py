"""The data root is on an overlay."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.engines.docker import places as docker
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.state import EngineState, start_fails
from doctor.facts.storage.driver import Storage


@check(
    severity=Severity.CRITICAL,
    breaks=("storage",),
    ok="the data root is not on an overlay",
    messages=(
        Message(
            pattern=r"failed to mount overlay: invalid argument|'overlay2?' is not supported over overlayfs\S*|overlay2 is not supported over \w+|rename \S+ \S+: invalid cross-device link",
            example="'overlay2' is not supported over overlayfs, a mount_program is required",
            means="the data root is itself on an overlay, as in a container, or on another file system where overlay2 can't work",
            do="put /var/lib/docker on a volume",
            also=("storage/data-root-unsuitable",),
        ),
    ),
)
def data_root_on_overlay(storage: Storage, config: EngineConfig, state: EngineState | Missing) -> Iterator[Finding]:
    """The data root is on an overlay, where overlay2 can't work: the engine does not start or uses a slower driver.

    What it looks at:
        The file system of the data root, and the storage driver that is set, in use, or has images there.

    Why it matters:
        The kernel does not accept an overlay as the upper directory of another overlay. If overlay2 is set, the engine exits with
        "driver not supported". Otherwise it falls back to fuse-overlayfs, or to vfs, which copies every layer completely. This is
        usual for Docker in a container without a volume for its data root, and for live systems.

    How it is fixed:
        Manually: mount a volume or a disk at the data root, or set ``data-root`` to a directory on one.

    References:
        https://docs.docker.com/engine/storage/drivers/select-storage-driver/#supported-backing-filesystems
    """
    if storage.file_system != "overlay":
        return
    is_fatal = storage.driver in {docker.OVERLAY2, docker.SNAPSHOTTER}
    effect = start_fails(state) if is_fatal else "containers are slow, and with vfs every layer is copied"
    yield Finding(
        subject=Subject("directory", config.data_root),
        message=f"{config.data_root} is on an overlay, where overlay2 can't work: {effect}",
        evidence=(
            Evidence(f"file system of {config.data_root}", "overlay"),
            Evidence("storage driver", storage.driver or "none set"),
        ),
        severity=None if is_fatal else Severity.WARNING,
        stops_start=is_fatal,
    )
