"""The engine's identity is damaged."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.engine_files import EngineId
from doctor.facts.state_details import OfFile


@check(severity=Severity.WARNING, ok="the engine has an identity")
def engine_id_wrong(identity: EngineId) -> Iterator[Finding]:
    """The engine's identity is damaged: empty or cut, it is another; a directory or garbage keeps the engine from starting.

    What it looks at:
        ``engine-id`` in the data root: a file with a text, not a cut UUID, no control characters, UTF-8.

    Why it matters:
        With a directory there dockerd ends with "error loading ID file", with bytes that are no UTF-8 in a panic ("label
        value … is not valid UTF-8"). With an empty or cut file it has an ID that is none, by which monitoring and swarm
        can't tell hosts apart.

    How it is fixed:
        It is written from doctor's metadata backup. Without one it goes into quarantine; dockerd makes a new identity at its
        next start.

    References:
        https://github.com/moby/moby/blob/v26.1.5/daemon/id.go
    """
    if identity.kind and not identity.whole:
        yield Finding(
            subject=Subject("file", identity.path),
            message="the engine can't start: its engine-id is damaged"
            if identity.is_fatal
            else "the engine runs without its identity: its engine-id is damaged",
            evidence=(Evidence(identity.path, _what(identity)),),
            detail=OfFile(path=identity.path),
            severity=Severity.CRITICAL if identity.is_fatal else None,
        )


def _what(identity: EngineId) -> str:
    if identity.kind != "f":
        return "not a regular file"
    if identity.is_fatal:
        return "bytes that are no UTF-8"
    return "cut, or with control characters" if identity.text else "no text"
