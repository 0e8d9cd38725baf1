"""daemon.json is not valid JSON."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.facts.config.engine import DaemonJson
from doctor.facts.engine.state import EngineState, start_fails

_KINDS = {"nul": "NUL bytes", "unreadable": "text that is not JSON"}


@check(
    severity=Severity.CRITICAL,
    stops_start=True,
    ok="daemon.json is valid JSON",
    messages=(
        Message(
            pattern=r"unable to configure the Docker daemon with file [^:]+: (?:invalid character.*?(?: in (?:string|literal|numeric)\b.*| after .*|looking for beginning of \w+(?: key string)?)|unexpected end of JSON input|(?:unexpected )?EOF|invalid character)",
            example="unable to configure the Docker daemon with file /etc/docker/daemon.json: invalid character '}' looking for beginning of object key string",
            means="dockerd can't parse daemon.json",
            do="correct the file, often a comma too many or missing, and check it with 'dockerd --validate'",
        ),
    ),
)
def invalid_json(file: DaemonJson, state: EngineState | Missing) -> Iterator[Finding]:
    """The engine's settings file is not valid JSON, so the engine does not start.

    What it looks at:
        daemon.json (or the file that ``--config-file`` names), parsed as dockerd does: a byte order mark, an empty file and
        ``null`` are valid; a comment, a trailing comma, a wrong quote, text after the object or a directory in its place is not.

    Why it matters:
        dockerd exits at once with "unable to configure the Docker daemon with file …". A running engine keeps its old settings,
        so a bad edit is often noticed only at the next reboot.

    How it is fixed:
        If each mistake has only one possible correction (trailing comma, comment, typographic quotes, missing comma or last
        brace), only these characters are changed. A directory in place of the file is moved to quarantine. Otherwise the user
        edits the file at the position shown, or chooses (``--choose``): the file is moved to quarantine, and a valid copy beside
        it, or the smallest file with which the engine finds a known data root, replaces it with the same mode and owner. Data roots are known from the running
        engine, from text in the file, from doctor's metadata backups and by the default. Lost settings that restrict access
        have to be set again.

    References:
        https://docs.docker.com/engine/daemon/#configuration-file
    """
    if not file.problem:
        return
    fault = (
        "is a directory" if file.is_directory else f"is not valid JSON ({file.where or 'nothing in it can be read'})"
    )
    kinds = ", ".join(_KINDS.get(kind, kind.replace("-", " ")) for kind in file.mistakes)
    yield Finding(
        subject=Subject("file", file.path),
        message=f"{file.path} {fault}: {start_fails(state)}",
        evidence=(
            Evidence(f"{file.path}, {file.where}" if file.where else file.path, file.problem),
            *((Evidence("mistakes", kinds),) if kinds else ()),
        ),
    )
