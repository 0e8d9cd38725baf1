"""A storage option belongs to another driver."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
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
    ok="the storage driver takes every storage option that is set",
)
def option_foreign(storage: Storage, config: EngineConfig, state: EngineState | Missing) -> Iterator[Finding]:
    """A storage option is set that the storage driver does not take, so the engine does not start.

    What it looks at:
        ``storage-opts`` of daemon.json and ``--storage-opt`` flags against the driver in force: each option begins with the name of
        its driver. ``overlay2.size`` needs xfs that is mounted with project quotas.

    Why it matters:
        Every driver refuses options that it does not know: "unknown option dm.basesize". They are left over when the driver changes.

    How it is fixed:
        An option of another driver is taken out where it stands: the engine can't run with it. ``overlay2.size`` without its
        ground is left to a person, since it limits containers.

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
        if name == _ELSEWHERE and driver == "overlay2":
            continue
        is_foreign = not name.startswith(prefix)
        needs_quota = (
            name == "overlay2.size" and storage.file_system and not (storage.file_system == "xfs" and storage.has_quota)
        )
        if not is_foreign and not needs_quota:
            continue
        why = f"{driver} does not know it" if is_foreign else "it needs xfs mounted with pquota"
        yield Finding(
            subject=Subject("storage option", name),
            message=f"{start_fails(state)}: the storage option {name} can't be used, {why}",
            evidence=(
                Evidence(config.setting("storage-opts").place, str(text)),
                Evidence("storage driver", f"{driver} on {storage.file_system or 'an unknown file system'}"),
            ),
            detail=ForeignOption(text=str(text), is_foreign=is_foreign),
        )
