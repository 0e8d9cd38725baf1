"""The engine's unit needs an environment file that is not there."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.config.engine import EngineFlags
from doctor.facts.engine.state import EngineState, start_fails


@check(severity=Severity.CRITICAL, stops_start=True, ok="every environment file that the engine's unit needs is there")
def environment_file_missing(flags: EngineFlags, state: EngineState | Missing) -> Iterator[Finding]:
    """An ``EnvironmentFile=`` of the engine's unit does not exist, so systemd does not start it.

    What it looks at:
        ``EnvironmentFile=`` of docker.service and its drop-ins; with a leading dash a file may be missing.

    Why it matters:
        systemd fails the unit with "Failed to load environment files: No such file or directory" before dockerd runs at all.

    How it is fixed:
        A drop-in names the same files again, with the leading dash for those that are missing. Where the unit's command takes
        options from variables, ``--choose`` asks first: those of the lost file would be empty.

    References:
        https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html
    """
    for path in flags.missing_files:
        yield Finding(
            subject=Subject("file", path),
            message=f"{start_fails(state)}: its unit needs the environment file {path}, which does not exist",
            evidence=(Evidence(flags.launcher_file, f"EnvironmentFile={path}"),),
        )
