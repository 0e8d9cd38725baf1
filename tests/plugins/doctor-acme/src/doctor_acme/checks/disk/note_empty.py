"""The note is there and says nothing."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, HostPath, Severity, Subject, check
from doctor_acme.facts.note import Note, OfNote


@check(severity=Severity.WARNING, detail=OfNote, ok="the note names somebody")
def note_empty(note: Note) -> Iterator[Finding]:
    """Nobody is named for this host.

    What it looks at:
        /etc/acme-note.

    Why it matters:
        At 3 a.m. somebody must be called.

    How it is fixed:
        The duty desk is written into it.

    References:
        https://acme.example/notes
    """
    if not note.text.strip():
        yield Finding(
            subject=Subject("file", "/etc/acme-note"),
            message="nobody is named for this host: /etc/acme-note is empty",
            evidence=(Evidence("/etc/acme-note", ""),),
            detail=OfNote(path=HostPath("/etc/acme-note")),
        )
