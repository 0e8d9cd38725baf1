"""Applies waivers: findings that the user has accepted until a date."""

from collections.abc import Container, Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from doctor.model.finding import Finding
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
    known: Container[str] | None = None,
    renamed: Mapping[str, str] | None = None,
) -> Waived:
    """Return the findings, with the waived ones marked.

    ``today`` is an ISO 8601 date; a waiver counts through its last day. ``renamed`` maps former check ids to today's,
    so that a waiver follows its check. An expired waiver no longer applies, and a note says so if it would have
    matched; likewise a waiver with an id that is not among the ``known`` checks.
    """
    renamed = renamed or {}
    marked: list[Finding] = []
    notes: dict[str, None] = {}
    for waiver in waivers:
        if known is not None and renamed.get(waiver.id, waiver.id) not in known:
            notes[f"the settings waive {waiver.id}, and there is no such check"] = None
    for finding in findings:
        waived = ""
        for waiver in waivers:
            if not _is_meant(finding, waiver, renamed):
                continue
            if waiver.expires is not None and waiver.expires.isoformat() < today:
                notes[f"the waiver of {waiver.id} expired on {waiver.expires} ({waiver.reason})"] = None
            elif not waived:
                until = "" if waiver.expires is None else f", until {waiver.expires}"
                waived = f"{waiver.reason}{until}"
        marked.append(replace(finding, waived=waived) if waived else finding)
    # A stable sort keeps causes before their symptoms on either side.
    return Waived(findings=tuple(sorted(marked, key=lambda finding: bool(finding.waived))), notes=tuple(notes))


def _is_meant(finding: Finding, waiver: Waiver, renamed: Mapping[str, str]) -> bool:
    identity = renamed.get(waiver.id, waiver.id)
    return finding.id == identity and waiver.subject in {"", finding.subject.name}
