"""Compares two scans of one host."""

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from doctor.model.finding import Finding
from doctor.model.report import ScanReport


class FindingChanges(Struct, frozen=True, kw_only=True):
    """Findings by change since the previous scan.

    Attributes:
        since: when that scan started, seconds since the epoch; ``None`` without a previous scan; all findings are then
            new.
        new: not in the previous scan.
        gone: only in the previous scan; limited to checks that ran both times, since a check that could not run proves
            nothing.
        same: in both scans.
    """

    since: float | None
    new: tuple[Finding, ...]
    gone: tuple[Finding, ...]
    same: tuple[Finding, ...]


def changes(before: ScanReport | None, now: ScanReport, renamed: Mapping[str, str] | None = None) -> FindingChanges:
    """Compare two scans by fingerprint, never by wording. ``renamed`` maps former check ids to today's."""
    if before is None:
        return FindingChanges(since=None, new=now.findings, gone=(), same=())
    renamed = renamed or {}
    earlier = [replace(finding, id=renamed.get(finding.id, finding.id)) for finding in before.findings]
    known = {finding.fingerprint for finding in earlier}
    present = {finding.fingerprint for finding in now.findings}
    judged = {outcome.id for outcome in now.outcomes if outcome.result.value in {"pass", "fail"}}
    return FindingChanges(
        since=before.started,
        new=tuple(finding for finding in now.findings if finding.fingerprint not in known),
        gone=tuple(finding for finding in earlier if finding.fingerprint not in present and finding.id in judged),
        same=tuple(finding for finding in now.findings if finding.fingerprint in known),
    )
