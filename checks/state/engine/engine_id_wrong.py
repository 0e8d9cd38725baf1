"""The engine's ID is corrupt."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.details import OfFile
from doctor.facts.engine.files import EngineId


@check(
    severity=Severity.WARNING,
    detail=OfFile,
    ok="the engine has a valid ID",
    messages=(
        Message(
            pattern="error loading ID file",
            example="failed to start daemon: error loading ID file /var/lib/docker/engine-id: read /var/lib/docker/engine-id: is a directory",
            means="the engine-id file is not a regular file",
            do="let 'doctor fix' recreate it",
        ),
    ),
)
def engine_id_wrong(identity: EngineId) -> Iterator[Finding]:
    """The engine's ID is corrupt or missing, so the engine gets another ID, or does not start.

    What it looks at:
        ``engine-id`` in the data root: a file with text, UTF-8, without control characters, and not a truncated UUID. If
        doctor's metadata backup has an ID for this data root, the file must exist and have a valid form, and its ID must not
        differ from the backup in exactly one bit. Another complete UUID is accepted: it may be intended.

    Why it matters:
        If it is a directory, dockerd fails with "error loading ID file". If it is not UTF-8, dockerd panics ("label value … is
        not valid UTF-8"). If it is empty or truncated, the engine's ID is invalid, and monitoring and swarm can't distinguish
        hosts by it.

    How it is fixed:
        It is restored from doctor's metadata backup. Without one, an ID that dockerd can't use is moved to quarantine, and
        dockerd creates a new one at its next start.

    References:
        https://github.com/moby/moby/blob/v26.1.5/daemon/id.go
    """
    if identity.kept or (identity.kind and not identity.whole):
        yield Finding(
            subject=Subject("file", identity.path),
            message="engine-id is corrupt: the engine can't start"
            if identity.is_fatal
            else "engine-id is missing: the engine creates another ID at its next start"
            if not identity.kind
            else "engine-id is corrupt: the engine has another ID than before"
            if identity.kept
            else "engine-id is corrupt: the engine has no valid ID",
            evidence=tuple(_evidence(identity)),
            detail=OfFile(path=identity.path),
            severity=Severity.CRITICAL if identity.is_fatal else None,
            stops_start=identity.is_fatal,
        )


def _evidence(identity: EngineId) -> Iterator[Evidence]:
    if not identity.kept:
        yield Evidence(identity.path, _what(identity))
        return
    yield Evidence(identity.path, identity.text if identity.kind else "no such file")
    yield Evidence(f"doctor's metadata backup {identity.age}", identity.kept)


def _what(identity: EngineId) -> str:
    if identity.kind != "f":
        return "not a regular file"
    if identity.is_fatal:
        return "not UTF-8"
    return "truncated, or with control characters" if identity.text else "no text"
