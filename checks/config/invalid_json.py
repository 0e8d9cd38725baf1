"""daemon.json is no JSON."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.config.engine import DaemonJson
from doctor.facts.engine.state import EngineState, start_fails


@check(severity=Severity.CRITICAL, stops_start=True, ok="daemon.json can be read")
def invalid_json(file: DaemonJson, state: EngineState | Missing) -> Iterator[Finding]:
    """The engine's settings file is no valid JSON, so the engine does not start.

    What it looks at:
        daemon.json (or the file that ``--config-file`` names), read as dockerd reads it: a byte order mark, an empty file and
        ``null`` are fine; a comment, a trailing comma, a wrong quote, text behind the object or a directory in its place is not.

    Why it matters:
        dockerd ends at once with "unable to configure the Docker daemon with file …". A running engine goes on with what it read
        before, so a bad edit is often found at the next reboot.

    How it is fixed:
        Where each mistake can only be meant in one way (trailing comma, comment, typographic quotes, missing comma or last brace),
        just these characters are changed. A directory in its place goes into quarantine. Otherwise the place is shown and a person
        must decide.

    References:
        https://docs.docker.com/engine/daemon/#configuration-file
    """
    if not file.problem:
        return
    is_no = "is a directory" if file.is_directory else f"is no valid JSON ({file.where or 'nothing in it can be read'})"
    kinds = ", ".join(kind.replace("-", " ") for kind in file.mistakes)
    yield Finding(
        subject=Subject("file", file.path),
        message=f"{start_fails(state)}: {file.path} {is_no}",
        evidence=(
            Evidence(f"{file.path}, {file.where}" if file.where else file.path, file.problem),
            *((Evidence("mistakes", kinds),) if kinds else ()),
        ),
    )
