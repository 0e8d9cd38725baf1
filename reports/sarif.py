"""SARIF 2.1.0 for code-scanning services and editors."""

import json
import re
from typing import Any
from urllib.parse import quote

from doctor.api import report_format
from doctor.model.declare import CheckPage
from doctor.model.finding import Finding
from doctor.model.report import Report, ScanReport
from doctor.model.severity import Severity
from doctor.model.text import visible
from doctor.model.verdict import Verdict, VerdictState

from ._ways_out import command
from ._words import fix_line, incomplete, is_untried, iso, problems

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
ADDRESS = "https://github.com/container-doctor/doctor"
# SARIF 2.1.0 section 3.27.10 knows note, warning and error.
_LEVELS = {Severity.INFO: "note", Severity.WARNING: "warning", Severity.ERROR: "error", Severity.CRITICAL: "error"}
# GitHub's scale: above 9.0 critical, above 7.0 high, above 4.0 medium. A rule with a score is a security alert there.
_SCORES = {Severity.INFO: "2.0", Severity.WARNING: "5.0", Severity.ERROR: "7.5", Severity.CRITICAL: "9.5"}
# The base of all paths (section 3.14.14): a reader maps it to where it has a copy of the host's disk.
_BASE = "ROOT"
_PLACE = re.compile(r"(?P<path>/[^\x00]*?)(?:(?:, line |:)(?P<line>[1-9]\d{0,8}))?")


@report_format("sarif", media="application/sarif+json", of=("scan",), pages=True)
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
                "informationUri": ADDRESS,
                "rules": [_rule(report, identity) for identity in rules],
            }
        },
        "invocations": [_invocation(report)],
        "originalUriBaseIds": {
            _BASE: {"uri": "file:///", "description": {"text": f"/ of {visible(report.host.name)}"}}
        },
        "results": [_result(report, finding, rules) for finding in report.findings],
        "columnKind": "unicodeCodePoints",
        "automationDetails": {"id": f"doctor/{visible(report.host.name)}/"},
        "properties": _properties(report.verdict),
    }
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return (json.dumps(document, indent=1) + "\n").encode("ascii")


def _rule(report: ScanReport, identity: str) -> dict[str, Any]:
    """Return the rule of a check, with the help that a service shows beside each result.

    Only a check whose finding means security has a score: a service ranks by it, and blocks a release for a full disk otherwise.
    """
    found = [finding for finding in report.findings if finding.id == identity]
    worst = max(finding.level for finding in found)
    page = report.pages.get(identity, CheckPage(summary=""))
    summary = page.summary or visible(found[0].message)
    rule: dict[str, Any] = {
        "id": identity,
        "name": "".join(word.capitalize() for word in re.findall(r"[A-Za-z0-9]+", identity)),
        "shortDescription": {"text": visible(summary)},
        "fullDescription": {"text": visible(page.sections.get("Why it matters") or summary, keep="\n")},
        "help": _help(identity, summary, page, report.ok.get(identity, "")),
        "defaultConfiguration": {"level": _LEVELS[worst]},
        "properties": {
            "tags": sorted({identity.rpartition("/")[0] or "doctor", *(["security"] if page.is_security else [])}),
            "problem.severity": {"note": "recommendation"}.get(_LEVELS[worst], _LEVELS[worst]),
        },
    }
    addresses = [text for text in page.references if text.startswith("https://")]
    if addresses:
        rule["helpUri"] = addresses[0]
    if page.is_security:
        rule["properties"]["security-severity"] = _SCORES[worst]
    return rule


def _help(identity: str, summary: str, page: CheckPage, healthy: str) -> dict[str, str]:
    parts = [("", summary), *page.sections.items(), ("Expected", healthy), ("References", "\n".join(page.references))]
    given = [(heading, text) for heading, text in parts if text] + [("Command", f"doctor explain {identity}")]
    text = "\n\n".join(f"{heading}:\n{body}" if heading else body for heading, body in given)
    listed = [(heading, body.replace("\n", "\n- ") if heading == "References" else body) for heading, body in given]
    marked = "\n\n".join(
        f"## {heading}\n\n{'- ' if heading == 'References' else ''}{body}" if heading else body
        for heading, body in listed
    )
    return {"text": visible(text, keep="\n"), "markdown": visible(marked, keep="\n")}


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


def _result(report: ScanReport, finding: Finding, rules: list[str]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.id,
        "ruleIndex": rules.index(finding.id),
        "level": _LEVELS[finding.level],
        "message": {"text": _message(report, finding)},
        "locations": [_location(finding)],
        "partialFingerprints": {"doctor/v1": finding.fingerprint},
    }
    if report.hidden:
        result["baselineState"] = "unchanged" if finding.fingerprint in report.hidden else "new"
    if finding.seen is not None:
        result["provenance"] = {"firstDetectionTimeUtc": iso(finding.seen.first)}
    if finding.waived:
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": visible(finding.waived)}]
    return result


def _message(report: ScanReport, finding: Finding) -> str:
    lines = [visible(finding.message)]
    lines += [f"{visible(seen.source)}: {visible(seen.value, keep=chr(10))}" for seen in finding.evidence]
    if finding.waiver is not None and not finding.waiver.in_force:
        lines.append(visible(finding.waiver.says))
    if finding.fix is not None:
        lines.append(f"Fix: {visible(fix_line(finding))}")
    lines.append(f"Command: {visible(command(finding, report.host))}")
    return "\n".join(lines)


def _location(finding: Finding) -> dict[str, Any]:
    """Return where a finding is: what it is about, and a file, because services drop a result without one.

    The file is the subject, or evidence from a file, best with a line; else kind and name, which are below no base.
    """
    name = visible(finding.subject.name)
    kind = finding.subject.kind
    subject = _PLACE.fullmatch(finding.subject.name)
    seen = [place for place in (_PLACE.fullmatch(one.source) for one in finding.evidence) if place]
    found = subject or next((place for place in seen if place["line"]), seen[0] if seen else None)
    artifact = {"uri": _address(f"{kind}/{finding.subject.name}")}
    if found:
        artifact = {"uri": _address(found["path"]), "uriBaseId": _BASE}
    return {
        # GitHub refuses a place without a line.
        "physicalLocation": {
            "artifactLocation": artifact,
            "region": {"startLine": int(found["line"] or 1) if found else 1},
        },
        "logicalLocations": [{"name": name, "kind": kind, "fullyQualifiedName": f"{kind} {name}"}],
    }


def _address(path: str) -> str:
    raw = path.lstrip("/").encode("utf-8", "surrogateescape" if _is_of_bytes(path) else "replace")
    # "." is the base itself.
    return quote(raw) or "."


def _is_of_bytes(text: str) -> bool:
    return not any(0xD800 <= ord(letter) < 0xDC80 or 0xDD00 <= ord(letter) <= 0xDFFF for letter in text)
