"""The settings file that a flag names does not exist."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.config.engine import DaemonJson, EngineFlags
from doctor.facts.engine.state import EngineState, start_fails


@check(severity=Severity.CRITICAL, stops_start=True, ok="the engine's settings file exists if a flag names one")
def file_missing(file: DaemonJson, flags: EngineFlags, state: EngineState | Missing) -> Iterator[Finding]:
    """The settings file that ``--config-file`` names does not exist, so the engine does not start.

    What it looks at:
        Whether ``--config-file`` is given, and whether its file exists. The default file may be missing, but must not be a
        dangling symbolic link.

    Why it matters:
        dockerd exits with "open …: no such file or directory" if the file of the flag is missing. If the default file is a
        dangling link, dockerd silently starts with its defaults: another data root, no log rotation, no registry mirror.

    How it is fixed:
        If exactly one file in the same directory has a similar name, the flag is changed to it. Otherwise ``--choose`` offers the
        other settings files and the engine's defaults.

    References:
        https://docs.docker.com/reference/cli/dockerd/#daemon-configuration-file
    """
    if file.leads_to and not file.is_explicit:
        yield Finding(
            subject=Subject("file", file.path),
            message=f"{file.path} is a link to {file.leads_to}, which does not exist: the engine starts with its defaults",
            evidence=(Evidence(file.path, f"symbolic link to {file.leads_to}"),),
            severity=Severity.WARNING,
            stops_start=False,
        )
    if not file.is_explicit or file.exists:
        return
    given = [flag for flag in flags.effective if flag.name == "config-file"]
    place = given[-1].place if given else None
    yield Finding(
        subject=Subject("file", file.path),
        message=f"--config-file names {file.path}, which does not exist: {start_fails(state)}",
        evidence=(
            Evidence(place.file if place is not None else "dockerd's command line", f"--config-file={file.path}"),
        ),
    )
