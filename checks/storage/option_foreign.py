"""The storage driver does not accept a storage option."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.engines.docker import places as docker
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.state import EngineState, start_fails
from doctor.facts.storage.details import ForeignOption
from doctor.facts.storage.driver import OPTION_PREFIX, Storage

_ELSEWHERE = "overlay2.override_kernel_check"


@check(
    severity=Severity.CRITICAL,
    detail=ForeignOption,
    breaks=("storage",),
    stops_start=True,
    ok="the storage driver accepts every storage option",
    messages=(
        Message(
            pattern=r"(?:overlay2?|btrfs|vfs|zfs|fuse-overlayfs): unknown option [\w.]+",
            example="failed to start daemon: error initializing graphdriver: overlay2: unknown option dm.basesize",
            means='the storage driver does not accept an option in "storage-opts"',
            do="remove the option",
            also=("config/removed-storage-opt",),
        ),
        Message(
            pattern=r"Storage Option overlay2\.size only supported (?:for backingFS XFS|over xfs).*|Storage Option overlay2\.size not supported.*",
            example="failed to start daemon: error initializing graphdriver: Storage Option overlay2.size only supported for backingFS XFS. Found extfs: overlay2",
            means="overlay2.size needs a data root on XFS that is mounted with pquota",
            do='remove overlay2.size from "storage-opts", or mount XFS with pquota there',
        ),
    ),
)
def option_foreign(storage: Storage, config: EngineConfig, state: EngineState | Missing) -> Iterator[Finding]:
    """The storage driver does not accept an option that is set, so the engine does not start.

    What it looks at:
        ``storage-opts`` of daemon.json and ``--storage-opt`` flags against the active driver: each option begins with the name of
        its driver. ``overlay2.size`` needs xfs mounted with project quotas.

    Why it matters:
        Every driver rejects unknown options: "unknown option dm.basesize". The usual cause is a change of the driver without its
        options.

    How it is fixed:
        An option of another driver is removed: the engine can't run with it. For ``overlay2.size`` without project quotas, doctor
        only advises, because the option limits containers.

    References:
        https://docs.docker.com/reference/cli/dockerd/#storage-driver-options
    """
    driver = storage.driver
    options = config.get("storage-opts", [])
    prefix = OPTION_PREFIX.get(driver)
    if prefix is None or not isinstance(options, list):
        return
    for text in options:
        name = str(text).partition("=")[0].strip().lower()
        if name == _ELSEWHERE and driver == docker.OVERLAY2:
            continue
        is_foreign = not name.startswith(prefix)
        needs_quota = (
            name == "overlay2.size" and storage.file_system and not (storage.file_system == "xfs" and storage.has_quota)
        )
        if not is_foreign and not needs_quota:
            continue
        why = f"{driver} does not know it" if is_foreign else "it requires xfs mounted with pquota"
        yield Finding(
            subject=Subject("storage option", name),
            message=f"the storage option {name} can't be used because {why}: {start_fails(state)}",
            evidence=(
                Evidence(config.setting("storage-opts").place, str(text)),
                Evidence("storage driver", f"{driver} on {storage.file_system or 'an unknown file system'}"),
            ),
            detail=ForeignOption(text=str(text), is_foreign=is_foreign),
        )
