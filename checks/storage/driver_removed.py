"""This engine no longer has the storage driver."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
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
    ok="this engine has not removed the configured storage driver",
    messages=(
        Message(
            pattern=r"storage-driver has been (?:deprecated and )?removed.*|graphdriver\] ERROR: the .* storage-driver|prior storage driver \"?(?:aufs|devicemapper|overlay)\"? failed: driver not supported",
            example="[graphdriver] ERROR: the devicemapper storage-driver has been deprecated and removed; visit https://docs.docker.com/go/storage-driver/ for more information",
            means="the data root has the data of a storage driver that this engine removed (overlay, aufs, devicemapper) or this kernel lacks (aufs)",
            do="use an engine and a kernel that still have the driver to save the images, then change to overlay2",
            also=("kernel/module-not-loadable", "storage/images-hidden"),
            apart="the engine's version (aufs and overlay ended with 24, devicemapper with 25) and 'modinfo aufs'",
        ),
    ),
)
def driver_removed(
    storage: Storage,
    config: EngineConfig,
    version: EngineVersion,
    root: DataRoot | Missing,
    state: EngineState | Missing,
) -> Iterator[Finding]:
    """This release removed the configured storage driver, so the engine does not start.

    What it looks at:
        ``storage-driver`` of daemon.json or a flag against the engine's release: aufs and overlay were removed in 24.0,
        devicemapper in 25.0. Also the directories of the data root, to find the driver that has images.

    Why it matters:
        dockerd exits with "the devicemapper storage-driver has been deprecated and removed". The images are still on the disk.

    How it is fixed:
        If another driver has all images, it is set instead. If no driver has images, the setting is removed and the engine
        chooses. If the removed driver has images, another driver would hide them: doctor only advises to export them with an
        older engine.

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
        message=f"engine {version.text} no longer has the storage driver {driver}: {start_fails(state)}",
        evidence=(
            Evidence(setting.place, f"storage-driver {driver}"),
            Evidence(version.source, f"{version.text}; {driver} was removed in {end}"),
        ),
        detail=DriverChoice(driver=driver, wanted=replacement(root, driver, version.release, storage.file_system)),
    )
