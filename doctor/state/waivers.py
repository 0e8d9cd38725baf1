"""Applies waivers: findings that the user has accepted until a date."""

import datetime as dt
from collections.abc import Callable, Container, Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from doctor.model.finding import Finding, WaiverNote
from doctor.model.severity import Severity
from doctor.model.text import plural
from doctor.state.settings import Waiver


class Waived(Struct, frozen=True, kw_only=True):
    """Findings after the waivers: the accepted ones marked and last, and one line per waiver that needs a look."""

    findings: tuple[Finding, ...]
    notes: tuple[str, ...]


def waive(
    findings: Iterable[Finding],
    waivers: tuple[Waiver, ...],
    *,
    today: str,
    warn_days: int = 0,
    known: Container[str] | None = None,
    complete: Container[str] = (),
    renamed: Mapping[str, str] | None = None,
    declared: Callable[[str], Severity | None] = lambda _: None,
) -> Waived:
    """Return the findings, with the waived ones marked.

    ``today`` is an ISO 8601 date; a waiver counts through its last day. It covers findings up to its severity; one without a severity
    those up to what ``declared`` returns for the check's id, ``None`` for any (decision 0076). ``renamed`` maps former check ids to today's,
    so that a waiver follows its check. Notes name a waiver that has ended, ends within ``warn_days`` or does not cover a finding, if it matches one;
    one with an id that is not among the ``known`` checks; and one that matches nothing although its check is ``complete``.
    """
    renamed = renamed or {}
    found = tuple(findings)
    notes = list(filter(None, (_useless(waiver, found, known, complete, renamed) for waiver in waivers)))
    marked: list[Finding] = []
    for finding in found:
        meant = [
            _note(waiver, finding, today, limit_of(waiver, finding.id, declared))
            for waiver in waivers
            if _is_meant(finding, waiver, renamed)
        ]
        # One that is in force comes first, whatever the order in the file; then one that has not ended.
        note = max(reversed(meant), key=lambda one: (one.in_force, bool(one.worse)), default=None)
        if note is None:
            marked.append(finding)
            continue
        marked.append(replace(finding, waiver=note, waived=note.says if note.in_force else ""))
        notes += _ending(finding, note, today, warn_days)
    # A stable sort keeps causes before their symptoms on either side.
    return Waived(
        findings=tuple(sorted(marked, key=lambda finding: bool(finding.waived))), notes=tuple(dict.fromkeys(notes))
    )


def _useless(
    waiver: Waiver,
    findings: tuple[Finding, ...],
    known: Container[str] | None,
    complete: Container[str],
    renamed: Mapping[str, str],
) -> str:
    """Return a note on a waiver that has nothing to waive, "" if it has or nothing is known."""
    identity = renamed.get(waiver.id, waiver.id)
    if known is not None and identity not in known:
        return f"the settings waive {waiver.id}, and there is no such check"
    if identity not in complete or any(_is_meant(finding, waiver, renamed) for finding in findings):
        return ""
    subject = f" for {waiver.subject}" if waiver.subject else ""
    return f"the settings waive {waiver.id}{subject}, and there is no such finding: remove the waiver"


def _ending(finding: Finding, note: WaiverNote, today: str, warn_days: int) -> list[str]:
    if note.worse:
        return [f'{finding.id}: {note.says}; to accept it, set severity = "{note.worse}" in its [[waiver]]']
    if not note.in_force:
        return [f"{finding.id}: {note.says}"]
    if note.expires:
        left = (dt.date.fromisoformat(note.expires) - dt.date.fromisoformat(today)).days
        if left < warn_days:
            when = f"in {plural(left, 'day')}" if left else "today"
            return [f"{finding.id}: the waiver ends {when}, on {note.expires} ({note.reason})"]
    return []


def limit_of(waiver: Waiver, identity: str, declared: Callable[[str], Severity | None]) -> Severity | None:
    """Return the highest severity that a waiver covers, ``None`` for any."""
    return Severity.parse(waiver.severity) if waiver.severity else declared(identity)


def _note(waiver: Waiver, finding: Finding, today: str, limit: Severity | None) -> WaiverNote:
    expires = "" if waiver.expires is None else waiver.expires.isoformat()
    has_ended = bool(expires) and expires < today
    is_worse = not has_ended and limit is not None and finding.level > limit
    return WaiverNote(
        reason=waiver.reason,
        author=waiver.author,
        created="" if waiver.created is None else waiver.created.isoformat(),
        expires=expires,
        severity="" if limit is None else limit.word,
        worse=finding.level.word if is_worse else "",
        in_force=not (has_ended or is_worse),
    )


def _is_meant(finding: Finding, waiver: Waiver, renamed: Mapping[str, str]) -> bool:
    identity = renamed.get(waiver.id, waiver.id)
    return finding.id == identity and waiver.subject in {"", finding.subject.name}
