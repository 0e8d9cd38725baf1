"""Compares two scans of one host."""

from collections.abc import Mapping

from msgspec.structs import replace

from doctor.history.lives import compared
from doctor.model.change import ScanChange
from doctor.model.probe_result import judged
from doctor.model.report import ScanReport


def changes(before: ScanReport | None, now: ScanReport, renamed: Mapping[str, str] | None = None) -> ScanChange:
    """Compare two scans by fingerprint, never by wording. ``renamed`` maps former check ids to today's."""
    if before is None:
        return ScanChange()
    renamed = renamed or {}
    earlier = [replace(finding, id=renamed.get(finding.id, finding.id)) for finding in before.findings]
    return compared(
        {finding.fingerprint: finding for finding in earlier},
        now.findings,
        since=before.started,
        complete=judged(now.outcomes, now.probes),
    )
