"""The engine's unit requires an environment file that does not exist."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.facts.config.engine import EngineFlags
from doctor.facts.engine.state import EngineState, start_fails


@check(
    severity=Severity.CRITICAL,
    stops_start=True,
    ok="every environment file that the engine's unit requires exists",
    messages=(
        Message(
            pattern="Failed to load environment files",
            example="docker.service: Failed to load environment files: No such file or directory",
            means="a file that EnvironmentFile= of the unit names does not exist",
            do="create the file, or write EnvironmentFile=-PATH, with a dash, if it may be missing",
        ),
    ),
)
def environment_file_missing(flags: EngineFlags, state: EngineState | Missing) -> Iterator[Finding]:
    """An ``EnvironmentFile=`` of the engine's unit does not exist, so systemd does not start it.

    What it looks at:
        ``EnvironmentFile=`` of docker.service and its drop-ins; a file with a leading dash is optional.

    Why it matters:
        The unit fails with "Failed to load environment files: No such file or directory" before dockerd runs.

    How it is fixed:
        A drop-in lists the same files, with a leading dash for the missing ones. If the unit's command uses variables,
        ``--choose`` asks first: variables from the missing file would be empty.

    References:
        https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html
    """
    for path in flags.missing_files:
        yield Finding(
            subject=Subject("file", path),
            message=f"the environment file {path} does not exist, but the engine's unit requires it: {start_fails(state)}",
            evidence=(Evidence(flags.launcher_file, f"EnvironmentFile={path}"),),
        )
