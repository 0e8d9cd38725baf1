"""The engine's identity is damaged."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.details import OfFile
from doctor.facts.engine.files import EngineId


@check(severity=Severity.WARNING, detail=OfFile, ok="the engine has an identity")
def engine_id_wrong(identity: EngineId) -> Iterator[Finding]:
    """The engine's identity is damaged: empty or cut, it is another; a directory or garbage keeps the engine from starting.

    What it looks at:
        ``engine-id`` in the data root: a file with a text, not a cut UUID, no control characters, UTF-8. Where doctor's
        metadata backup of this root has an identity: that this one is not the same with one bit flipped, nor of no form at
        all, nor gone. Another whole UUID is another identity, which somebody may have wanted.

    Why it matters:
        With a directory there dockerd ends with "error loading ID file", with bytes that are no UTF-8 in a panic ("label
        value … is not valid UTF-8"). With an empty or cut file it has an ID that is none, by which monitoring and swarm
        can't tell hosts apart.

    How it is fixed:
        It is written from doctor's metadata backup. Without one, an identity that dockerd can't use goes into quarantine,
        and dockerd makes a new one at its next start.

    References:
        https://github.com/moby/moby/blob/v26.1.5/daemon/id.go
    """
    if identity.kept or (identity.kind and not identity.whole):
        yield Finding(
            subject=Subject("file", identity.path),
            message="the engine can't start: its engine-id is damaged"
            if identity.is_fatal
            else "the engine gives itself another identity at its next start: its engine-id is gone"
            if not identity.kind
            else "the engine has another identity than before: its engine-id is damaged"
            if identity.kept
            else "the engine runs without its identity: its engine-id is damaged",
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
        return "bytes that are no UTF-8"
    return "cut, or with control characters" if identity.text else "no text"
