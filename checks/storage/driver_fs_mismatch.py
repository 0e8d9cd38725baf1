"""The storage driver does not support the data root's file system."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.engine.state import EngineState, EngineVersion, start_fails
from doctor.facts.storage.details import DriverChoice
from doctor.facts.storage.driver import NEEDS, Storage, replacement


@check(
    severity=Severity.CRITICAL,
    detail=DriverChoice,
    breaks=("storage",),
    stops_start=True,
    ok="the storage driver supports the data root's file system",
    messages=(
        Message(
            pattern=r"driver not supported(?:: \S+)?|prior storage driver .* failed|prerequisites for driver not satisfied.*|no supported storage driver found|configured driver .* not available",
            example="failed to start daemon: error initializing graphdriver: driver not supported: overlay2",
            means="this kernel or file system does not support the storage driver",
            do="see the storage findings of a scan",
            also=(
                "storage/overlay-unsupported",
                "storage/driver-unknown",
                "storage/data-root-on-overlay",
                "storage/data-root-unsuitable",
                "kernel/module-not-loadable",
            ),
            apart="the file system of the data root ('stat -f') and 'grep overlay /proc/filesystems'",
        ),
    ),
)
def driver_fs_mismatch(
    storage: Storage,
    config: EngineConfig,
    version: EngineVersion | Missing,
    root: DataRoot | Missing,
    state: EngineState | Missing,
) -> Iterator[Finding]:
    """The configured storage driver needs another file system than the data root's, so the engine does not start.

    What it looks at:
        ``storage-driver`` against the file system of the data root: the drivers btrfs and zfs need their own file system.

    Why it matters:
        dockerd exits with "prerequisites for driver not satisfied (wrong filesystem?)". This happens if a data root is moved to
        another disk, or a settings file to another machine.

    How it is fixed:
        If another driver has all images, it is set instead. If no driver has images, the setting is removed and the engine
        chooses. If this driver has the images, its disk is probably not mounted: doctor only advises.

    References:
        https://docs.docker.com/engine/storage/drivers/select-storage-driver/#supported-backing-filesystems
    """
    driver = storage.configured
    needed = NEEDS.get(driver)
    if needed is None or not storage.file_system or storage.file_system == needed or storage.is_snapshotter:
        return
    release = None if isinstance(version, Missing) else version.release
    setting = config.setting("storage-driver")
    yield Finding(
        subject=Subject("setting", "storage-driver"),
        message=f"the storage driver {driver} does not work on {storage.file_system}: {start_fails(state)}",
        evidence=(
            Evidence(setting.place, f"storage-driver {driver}"),
            Evidence(f"file system of {config.data_root}", storage.file_system),
        ),
        detail=DriverChoice(driver=driver, wanted=replacement(root, driver, release, storage.file_system)),
    )
