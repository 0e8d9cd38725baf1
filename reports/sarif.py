"""SARIF 2.1.0, for code-scanning services and editors."""

import json
from typing import Any
from urllib.parse import quote

from doctor.api import report_format
from doctor.model.finding import Finding
from doctor.model.report import Report, ScanReport
from doctor.model.severity import Severity
from doctor.model.text import visible

from ._words import fix_line, incomplete, iso

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
# SARIF 2.1.0 section 3.27.10 knows note, warning and error; security-severity tells critical from error (GitHub's scale).
_LEVELS = {Severity.INFO: "note", Severity.WARNING: "warning", Severity.ERROR: "error", Severity.CRITICAL: "error"}
_SCORES = {Severity.INFO: "1.0", Severity.WARNING: "5.0", Severity.ERROR: "7.5", Severity.CRITICAL: "9.5"}
_FILES = frozenset({"file", "directory", "socket"})


@report_format("sarif", media="application/sarif+json", of=("scan",))
def render(report: Report) -> bytes:
    """Render one run: a rule a check with findings, a result a finding, a notification a check that could not look."""
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
        "results": [_result(finding, rules) for finding in report.findings],
        "columnKind": "unicodeCodePoints",
        "automationDetails": {"id": f"doctor/{visible(report.host.name)}/"},
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


def _invocation(report: ScanReport) -> dict[str, Any]:
    return {
        # Whether the tool ran, not whether the host is well.
        "executionSuccessful": not incomplete(report),
        "exitCode": report.exit_code,
        "startTimeUtc": iso(report.started),
        "endTimeUtc": iso(report.started + report.seconds),
        "machine": visible(report.host.name),
        "toolExecutionNotifications": [
            {
                "level": "warning",
                "message": {"text": visible(outcome.reason) or "could not look at everything"},
                "descriptor": {"id": outcome.id},
            }
            for outcome in incomplete(report)
        ],
    }


def _result(finding: Finding, rules: list[str]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.id,
        "ruleIndex": rules.index(finding.id),
        "level": _LEVELS[finding.level],
        "message": {"text": _message(finding)},
        "locations": [_location(finding)],
        "partialFingerprints": {"doctor/v1": finding.fingerprint},
    }
    if finding.waived:
        result["suppressions"] = [{"kind": "external", "justification": visible(finding.waived)}]
    return result


def _message(finding: Finding) -> str:
    lines = [visible(finding.message)]
    lines += [f"{visible(seen.source)}: {visible(seen.value, keep=chr(10))}" for seen in finding.evidence]
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
