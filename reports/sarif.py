"""SARIF 2.1.0 for code-scanning services and editors."""

import json
from typing import Any
from urllib.parse import quote

from doctor.api import report_format
from doctor.model.finding import Finding
from doctor.model.report import Report, ScanReport
from doctor.model.severity import Severity
from doctor.model.text import visible
from doctor.model.verdict import Verdict, VerdictState

from ._words import fix_line, incomplete, is_untried, iso, problems

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
# SARIF 2.1.0 section 3.27.10 knows note, warning and error; security-severity distinguishes critical from error (GitHub's scale).
_LEVELS = {Severity.INFO: "note", Severity.WARNING: "warning", Severity.ERROR: "error", Severity.CRITICAL: "error"}
_SCORES = {Severity.INFO: "1.0", Severity.WARNING: "5.0", Severity.ERROR: "7.5", Severity.CRITICAL: "9.5"}
_FILES = frozenset({"file", "directory", "socket"})


@report_format("sarif", media="application/sarif+json", of=("scan",))
def render(report: Report) -> bytes:
    """Render one run: a rule per check with findings, a result per finding, a notification per incomplete check.

    Findings hidden by a display filter are results too, because a service counts them and treats a missing result as
    resolved. Their ``baselineState`` marks them as known.
    """
    if not isinstance(report, ScanReport):
        return b""
    rules = list(dict.fromkeys(finding.id for finding in report.findings))
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "doctor",
                "semanticVersion": report.doctor,
                "rules": [_rule(report, identity) for identity in rules],
            }
        },
        "invocations": [_invocation(report)],
        "results": [_result(finding, rules, report.hidden) for finding in report.findings],
        "columnKind": "unicodeCodePoints",
        "automationDetails": {"id": f"doctor/{visible(report.host.name)}/"},
        "properties": _properties(report.verdict),
    }
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return (json.dumps(document, indent=1) + "\n").encode("ascii")


def _rule(report: ScanReport, identity: str) -> dict[str, Any]:
    worst = max(finding.level for finding in report.findings if finding.id == identity)
    rule: dict[str, Any] = {
        "id": identity,
        "defaultConfiguration": {"level": _LEVELS[worst]},
        "properties": {"security-severity": _SCORES[worst], "tags": [identity.rpartition("/")[0] or "doctor"]},
    }
    healthy = report.ok.get(identity)
    if healthy:
        rule["shortDescription"] = {"text": f"Expected: {visible(healthy)}"}
    return rule


def _properties(verdict: Verdict) -> dict[str, Any]:
    return {
        "verdict": verdict.state.value,
        "waived": verdict.waived,
        "checksRun": verdict.ran,
        "checksInstalled": verdict.installed,
    }


def _invocation(report: ScanReport) -> dict[str, Any]:
    verdict = report.verdict
    notes = [_notification(outcome.reason, outcome.id) for outcome in incomplete(report)]
    notes += [_notification(probe.message, f"probe/{probe.name}") for probe in report.probes if is_untried(probe)]
    # A service treats a run without an open result or a notification as healthy.
    is_silent = not verdict.is_green and not problems(report)
    if is_silent or verdict.unseen or verdict.ran < verdict.installed:
        level = "error" if is_silent else "note"
        notes.insert(0, _notification(": ".join(filter(None, (verdict.unseen, verdict.says))), "doctor/verdict", level))
    return {
        # Whether the tool ran, not whether the host is healthy.
        "executionSuccessful": not incomplete(report) and verdict.state is not VerdictState.INCOMPLETE,
        "exitCode": int(verdict.exit_code),
        "exitCodeDescription": visible(f"{verdict.says}: {verdict.counted}"),
        "startTimeUtc": iso(report.started),
        "endTimeUtc": iso(report.started + report.seconds),
        "machine": visible(report.host.name),
        "toolExecutionNotifications": notes,
    }


def _notification(text: str, identity: str, level: str = "warning") -> dict[str, Any]:
    return {
        "level": level,
        "message": {"text": visible(text) or "could not examine everything"},
        "descriptor": {"id": identity},
    }


def _result(finding: Finding, rules: list[str], hidden: tuple[str, ...]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.id,
        "ruleIndex": rules.index(finding.id),
        "level": _LEVELS[finding.level],
        "message": {"text": _message(finding)},
        "locations": [_location(finding)],
        "partialFingerprints": {"doctor/v1": finding.fingerprint},
    }
    if hidden:
        result["baselineState"] = "unchanged" if finding.fingerprint in hidden else "new"
    if finding.seen is not None:
        result["provenance"] = {"firstDetectionTimeUtc": iso(finding.seen.first)}
    if finding.waived:
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": visible(finding.waived)}]
    return result


def _message(finding: Finding) -> str:
    lines = [visible(finding.message)]
    lines += [f"{visible(seen.source)}: {visible(seen.value, keep=chr(10))}" for seen in finding.evidence]
    if finding.waiver is not None and not finding.waiver.in_force:
        lines.append(visible(finding.waiver.says))
    if finding.fix is not None:
        lines.append(f"Fix: {visible(fix_line(finding))}")
    return "\n".join(lines)


def _location(finding: Finding) -> dict[str, Any]:
    name = visible(finding.subject.name)
    place: dict[str, Any] = {
        "logicalLocations": [
            {"name": name, "kind": finding.subject.kind, "fullyQualifiedName": f"{finding.subject.kind} {name}"}
        ]
    }
    if finding.subject.kind in _FILES and finding.subject.name.startswith("/"):
        raw = finding.subject.name.encode(
            "utf-8", "surrogateescape" if _is_of_bytes(finding.subject.name) else "replace"
        )
        place["physicalLocation"] = {"artifactLocation": {"uri": f"file://{quote(raw)}"}}
    return place


def _is_of_bytes(text: str) -> bool:
    return not any(0xD800 <= ord(letter) < 0xDC80 or 0xDD00 <= ord(letter) <= 0xDFFF for letter in text)
