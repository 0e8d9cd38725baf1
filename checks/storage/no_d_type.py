"""The data root's file system does not tell the type of directory entries."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.state import EngineState, EngineVersion, start_fails
from doctor.facts.storage.driver import Storage


@check(severity=Severity.CRITICAL, breaks=("storage",), ok="the data root's file system has what overlay2 needs")
def no_d_type(
    storage: Storage, config: EngineConfig, version: EngineVersion | Missing, state: EngineState | Missing
) -> Iterator[Finding]:
    """The data root's file system has no d_type, so overlay2 does not start since 23.0 and damages images before.

    What it looks at:
        What the running engine says ("Supports d_type"), else ftype of an xfs, when the driver is overlay2.

    Why it matters:
        overlayfs marks removed files by their type in the directory. Without it removed files come back and directories can't be
        removed. Old installers made xfs with ftype=0. Engines up to 20.10 only warned.

    How it is fixed:
        By a person: ftype can't be changed on an existing xfs. Save the images, make the file system again (mkfs.xfs -n
        ftype=1), load them.

    References:
        https://docs.docker.com/engine/storage/drivers/overlayfs-driver/#prerequisites
        https://docs.docker.com/engine/deprecated/#d_type-support-in-overlay-and-overlay2
    """
    if storage.driver not in {"overlay2", "overlayfs", "overlay"} or storage.has_d_type is not False:
        return
    is_old = isinstance(version, EngineVersion) and version.release < (23, 0)
    effect = "removed files come back in images and containers" if is_old else start_fails(state)
    yield Finding(
        subject=Subject("directory", config.data_root),
        message=f"{effect}: the file system of {config.data_root} has no d_type, which {storage.driver} needs",
        evidence=(Evidence(f"file system of {config.data_root}", f"{storage.file_system or 'unknown'}, no d_type"),),
        severity=Severity.ERROR if is_old else None,
        stops_start=isinstance(version, EngineVersion) and not is_old,
    )
