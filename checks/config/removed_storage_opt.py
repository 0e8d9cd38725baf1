"""A storage option that the engine dropped."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.config.details import DroppedOption
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.state import EngineState, EngineVersion, start_fails

DROPPED = "overlay2.override_kernel_check"
_REMOVED = (24, 0)


@check(
    severity=Severity.CRITICAL,
    detail=DroppedOption,
    stops_start=True,
    ok="this engine takes all storage options that are set",
)
def removed_storage_opt(
    config: EngineConfig, version: EngineVersion, state: EngineState | Missing
) -> Iterator[Finding]:
    """The storage option ``overlay2.override_kernel_check`` is set, which the engine refuses since 24.0, so it does not start.

    What it looks at:
        ``storage-opts`` of daemon.json and ``--storage-opt`` flags, and the engine's release.

    Why it matters:
        Guides for old CentOS kernels told everyone to set it. After the upgrade dockerd ends with "overlay2: unknown option
        overlay2.override_kernel_check", and ``dockerd --validate`` does not see it.

    How it is fixed:
        The option is taken out where it stands. It has had no effect since 19.03, which probes the kernel instead.

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
            message=f"{start_fails(state)}: engine {version.text} refuses the storage option {DROPPED}",
            evidence=(Evidence(config.setting("storage-opts").place, text), Evidence(version.source, version.text)),
            detail=DroppedOption(text=text),
        )
