"""The engine's identity is damaged."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.engine_files import EngineId
from doctor.facts.state_details import OfFile


@check(severity=Severity.WARNING, ok="the engine has an identity")
def engine_id_wrong(identity: EngineId) -> Iterator[Finding]:
    """The engine's identity is damaged: empty, it runs with none; a directory in its place keeps it from starting.

    What it looks at:
        ``engine-id`` in the data root: a file with a text.

    Why it matters:
        With a directory there dockerd ends with "error loading ID file". With an empty file it has an empty ID, by which
        monitoring and swarm can't tell hosts apart.

    How it is fixed:
        It is written from doctor's metadata backup. Without one it goes into quarantine; dockerd makes a new identity at its
        next start.

    References:
        https://github.com/moby/moby/blob/v26.1.5/daemon/id.go
    """
    if identity.kind and (identity.kind != "f" or not identity.text.strip("\0 \n")):
        is_file = identity.kind == "f"
        yield Finding(
            subject=Subject("file", identity.path),
            message="the engine runs without an identity: its engine-id is empty"
            if is_file
            else "the engine can't start: its engine-id is no file",
            evidence=(Evidence(identity.path, "no text" if is_file else "not a regular file"),),
            detail=OfFile(path=identity.path),
            severity=None if is_file else Severity.CRITICAL,
        )
