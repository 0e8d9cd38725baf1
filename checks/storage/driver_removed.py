"""The storage driver is gone from this engine."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.engine.state import EngineState, EngineVersion, start_fails
from doctor.facts.storage.details import DriverChoice
from doctor.facts.storage.driver import REMOVED, Storage, is_removed, replacement


@check(
    severity=Severity.CRITICAL,
    detail=DriverChoice,
    breaks=("storage",),
    stops_start=True,
    ok="this engine has the storage driver that is set",
)
def driver_removed(
    storage: Storage,
    config: EngineConfig,
    version: EngineVersion,
    root: DataRoot | Missing,
    state: EngineState | Missing,
) -> Iterator[Finding]:
    """The storage driver that is set was removed from this release, so the engine does not start.

    What it looks at:
        ``storage-driver`` of daemon.json or a flag against the engine's release: aufs and overlay went with 24.0, devicemapper with
        25.0. Which driver's directories in the data root hold images.

    Why it matters:
        dockerd ends with "the devicemapper storage-driver has been deprecated and removed". The images are still on the disk.

    How it is fixed:
        Where another driver holds all images, it is named instead; where none holds any, the setting goes and the engine
        chooses. Where the removed driver itself holds images, naming another one would hide them: an older engine must export
        them first, and a person must decide.

    References:
        https://docs.docker.com/engine/deprecated/
        https://docs.docker.com/engine/storage/drivers/select-storage-driver/
    """
    driver = storage.configured
    if not driver or not is_removed(driver, version.release):
        return
    setting = config.setting("storage-driver")
    end = ".".join(map(str, REMOVED[driver]))
    yield Finding(
        subject=Subject("setting", "storage-driver"),
        message=f"{start_fails(state)}: engine {version.text} has no storage driver {driver} any more",
        evidence=(
            Evidence(setting.place, f"storage-driver {driver}"),
            Evidence(version.source, f"{version.text}; {driver} was removed in {end}"),
        ),
        detail=DriverChoice(driver=driver, wanted=replacement(root, driver, version.release, storage.file_system)),
    )
