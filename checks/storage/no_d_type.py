"""The data root's file system has no d_type."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.engines.docker import places as docker
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.state import EngineState, EngineVersion, start_fails
from doctor.facts.storage.driver import Storage


@check(
    severity=Severity.CRITICAL,
    breaks=("storage",),
    ok="the data root's file system has d_type, or the driver does not need it",
    messages=(
        Message(
            pattern=r"does not support d_type(?:\. If the backing filesystem is xfs.*)?|formatted without d_type support.*|upper fs needs to support d_type|error creating overlay mount to \S+: invalid argument",
            example='failed to load plugin io.containerd.snapshotter.v1.overlayfs error="/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs does not support d_type. If the backing filesystem is xfs, please reformat with ftype=1 to enable d_type support"',
            means="the data root's file system can't carry an overlay: usually XFS that was made with ftype=0",
            do="check 'xfs_info' for ftype=1; else move the data root to a file system with d_type",
            also=("state/overlay2-lower-wrong", "state/overlay2-work-missing", "storage/data-root-on-overlay"),
        ),
    ),
)
def no_d_type(
    storage: Storage, config: EngineConfig, version: EngineVersion | Missing, state: EngineState | Missing
) -> Iterator[Finding]:
    """The data root's file system has no d_type, so overlay2 does not start since 23.0 and corrupts images before.

    What it looks at:
        "Supports d_type" of the running engine, otherwise ftype of an xfs, if the driver is overlay2.

    Why it matters:
        overlayfs marks removed files by their type in the directory. Without d_type, removed files reappear and directories can't
        be removed. Old installers created xfs with ftype=0. Engines up to 20.10 only warned.

    How it is fixed:
        Manually, because ftype of an existing xfs can't be changed: save the images, create the file system again (mkfs.xfs -n
        ftype=1), and load them.

    References:
        https://docs.docker.com/engine/storage/drivers/overlayfs-driver/#prerequisites
        https://docs.docker.com/engine/deprecated/#d_type-support-in-overlay-and-overlay2
    """
    if storage.driver not in {docker.OVERLAY2, docker.SNAPSHOTTER, "overlay"} or storage.has_d_type is not False:
        return
    is_old = isinstance(version, EngineVersion) and version.release < (23, 0)
    effect = "removed files reappear in images and containers" if is_old else start_fails(state)
    yield Finding(
        subject=Subject("directory", config.data_root),
        message=f"the file system of {config.data_root} has no d_type, which {storage.driver} needs: {effect}",
        evidence=(Evidence(f"file system of {config.data_root}", f"{storage.file_system or 'unknown'}, no d_type"),),
        severity=Severity.ERROR if is_old else None,
        stops_start=isinstance(version, EngineVersion) and not is_old,
    )
