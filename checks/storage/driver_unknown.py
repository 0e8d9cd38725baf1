"""The storage driver does not exist."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.engines.docker import places as docker
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.engine.state import EngineState, EngineVersion, start_fails
from doctor.facts.storage.details import DriverChoice
from doctor.facts.storage.driver import Storage, is_known, replacement


@check(
    severity=Severity.CRITICAL,
    detail=DriverChoice,
    breaks=("storage",),
    stops_start=True,
    ok="the configured storage driver exists",
    messages=(
        Message(
            pattern="error initializing graphdriver",
            example="failed to start daemon: error initializing graphdriver: unknown storage driver",
            means="the storage driver fails to start",
            do="see the storage findings of a scan",
            also=("storage/driver-fs-mismatch", "storage/driver-removed"),
        ),
    ),
)
def driver_unknown(
    storage: Storage,
    config: EngineConfig,
    version: EngineVersion | Missing,
    root: DataRoot | Missing,
    state: EngineState | Missing,
) -> Iterator[Finding]:
    """The configured storage driver does not exist, so the engine does not start.

    What it looks at:
        ``storage-driver`` of daemon.json or a flag against the drivers of all releases, and the names of containerd's
        snapshotters if the setting may mean one.

    Why it matters:
        dockerd exits with "driver not supported: overlay3". The images are still on the disk.

    How it is fixed:
        The driver that has the images is set. If no driver has images, the setting is removed and the engine chooses.

    References:
        https://docs.docker.com/engine/storage/drivers/select-storage-driver/
    """
    driver = storage.configured
    release = None if isinstance(version, Missing) else version.release
    if not driver or is_known(driver, release, snapshotter=storage.is_snapshotter):
        return
    setting = config.setting("storage-driver")
    yield Finding(
        subject=Subject("setting", "storage-driver"),
        message=f"the storage driver '{driver}' does not exist: {start_fails(state)}",
        evidence=(
            Evidence(setting.place, f"storage-driver {driver}"),
            Evidence("drivers", ", ".join(sorted(docker.GRAPH_DRIVERS))),
        ),
        detail=DriverChoice(driver=driver, wanted=replacement(root, driver, release, storage.file_system)),
    )
