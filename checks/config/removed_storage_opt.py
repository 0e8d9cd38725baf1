"""A storage option is set that the engine no longer accepts."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.facts.config.details import DroppedOption
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.state import EngineState, EngineVersion, start_fails

DROPPED = "overlay2.override_kernel_check"
_REMOVED = (24, 0)


@check(
    severity=Severity.CRITICAL,
    detail=DroppedOption,
    stops_start=True,
    ok="no storage option is set that this engine removed",
    messages=(
        Message(
            pattern=r"overlay2: unknown option overlay2\.override_kernel_check",
            example="failed to start daemon: error initializing graphdriver: overlay2: unknown option overlay2.override_kernel_check",
            means="a storage option was removed from the engine, which now refuses to start",
            do='remove it from "storage-opts"',
            since="24.0",
        ),
    ),
)
def removed_storage_opt(
    config: EngineConfig, version: EngineVersion, state: EngineState | Missing
) -> Iterator[Finding]:
    """The storage option ``overlay2.override_kernel_check`` is set, which engines since 24.0 reject: they do not start.

    What it looks at:
        ``storage-opts`` of daemon.json and ``--storage-opt`` flags, and the engine's release.

    Why it matters:
        Guides for old CentOS kernels recommended it. After the upgrade, dockerd exits with "overlay2: unknown option
        overlay2.override_kernel_check"; ``dockerd --validate`` does not detect it.

    How it is fixed:
        The option is removed. It has had no effect since 19.03, which probes the kernel instead.

    References:
        https://docs.docker.com/engine/deprecated/#support-for-the-overlay2override_kernel_check-storage-option
    """
    options = config.get("storage-opts", [])
    for text in options if isinstance(options, list) else ():
        if not isinstance(text, str) or text.partition("=")[0].strip().lower() != DROPPED:
            continue
        if version.release < _REMOVED:
            continue
        yield Finding(
            subject=Subject("storage option", DROPPED),
            message=f"engine {version.text} no longer accepts the storage option {DROPPED}: {start_fails(state)}",
            evidence=(Evidence(config.setting("storage-opts").place, text), Evidence(version.source, version.text)),
            detail=DroppedOption(text=text),
        )
