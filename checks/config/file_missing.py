"""The settings file that a flag names is not there."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.config.engine import DaemonJson, EngineFlags
from doctor.facts.engine.state import EngineState, start_fails


@check(severity=Severity.CRITICAL, stops_start=True, ok="the settings file that a flag names is there")
def file_missing(file: DaemonJson, flags: EngineFlags, state: EngineState | Missing) -> Iterator[Finding]:
    """The settings file that ``--config-file`` names does not exist, so the engine does not start.

    What it looks at:
        Whether ``--config-file`` is given, and whether its file is there. The default file may be missing, but not lie behind a
        symbolic link that leads to nothing.

    Why it matters:
        dockerd ends with "open …: no such file or directory" for a file that it was told to read. Where the default file is such
        a link it starts with its defaults and says nothing: another data root, no log rotation, no registry mirror.

    How it is fixed:
        Where one file beside it is named alike but for a slip, the flag names that. Otherwise ``--choose`` asks: another file, or
        the engine's defaults.

    References:
        https://docs.docker.com/reference/cli/dockerd/#daemon-configuration-file
    """
    if file.leads_to and not file.is_explicit:
        yield Finding(
            subject=Subject("file", file.path),
            message=f"the engine starts with its defaults: {file.path} leads to {file.leads_to}, which does not exist",
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
        message=f"{start_fails(state)}: --config-file names {file.path}, which does not exist",
        evidence=(
            Evidence(place.file if place is not None else "dockerd's command line", f"--config-file={file.path}"),
        ),
    )
