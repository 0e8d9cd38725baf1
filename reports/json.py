"""One JSON document for other programs, described by ``docs/schema``."""

import json
from typing import Any

from doctor.api import report_format
from doctor.model.change import ScanChange
from doctor.model.finding import Finding, Seen, WaiverNote
from doctor.model.fleet.report import FleetReport
from doctor.model.outcome import Outcome
from doctor.model.probe_result import ProbeResult
from doctor.model.report import (
    Candidate,
    HalfDone,
    HostInfo,
    ManualFix,
    PlannedAction,
    PlanReport,
    RepairReport,
    Report,
    ScanReport,
    summary,
)
from doctor.model.severity import Severity
from doctor.model.text import visible
from doctor.model.verdict import Verdict

from ._fleet_json import fleet
from ._words import iso

SCHEMA_VERSION = "1"
Document = dict[str, Any]


@report_format("json", media="application/json", of=("scan", "plan", "repair", "probe", "fleet"))
def render(report: Report | FleetReport) -> bytes:
    r"""Render one JSON document, ASCII only, each finding, outcome and action on a line of its own.

    Control characters, bidirectional overrides and undecodable bytes in text of the host are escaped (``\x1b``), so the
    document is valid UTF-8 and safe to print on a terminal.
    """
    return _lines(document(report)).encode("ascii")


def document(report: Report | FleetReport) -> Document:
    """Return the document as plain values, keys in the order of the contract."""
    if isinstance(report, FleetReport):
        return {**_run(report), **fleet(report)}
    if isinstance(report, ScanReport):
        return _scan(report)
    if isinstance(report, PlanReport):
        return _plan(report)
    if isinstance(report, RepairReport):
        return _repair(report)
    return {
        **_head(report),
        "verdict": _verdict(report.verdict),
        "probes": [_probe(probe) for probe in report.probes],
        "exit_code": int(report.exit_code),
    }


def _head(report: Report) -> Document:
    run = _run(report)
    return {**{key: run.pop(key) for key in ("schema_version", "kind", "doctor")}, "host": _host(report.host), **run}


def _run(report: Report | FleetReport) -> Document:
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": report.kind,
        "doctor": report.doctor,
        "started": iso(report.started),
        "seconds": round(report.seconds, 3),
    }


def _scan(report: ScanReport) -> Document:
    return {
        **_head(report),
        **({"for_engine": visible(report.scope.engine)} if report.scope.engine else {}),
        "findings": [_finding(finding) for finding in report.shown],
        "outcomes": [_outcome(outcome) for outcome in report.outcomes],
        "summary": summary(report),
        "verdict": _verdict(report.verdict),
        "probes": [_probe(probe) for probe in report.probes],
        "repairs": [_repair(repair) for repair in report.repairs],
        "change": None if report.change is None else _change(report.change, report.started),
        "notes": [visible(note) for note in report.notes],
        "fail_on": report.fail_on.word,
        "exit_code": int(report.exit_code),
    }


def _plan(report: PlanReport) -> Document:
    return {
        **_head(report),
        "findings": [_finding(finding) for finding in _each(report.resolves, report.remaining, _of(report.manual))],
        "actions": [_action(action) for action in report.actions],
        "risk": None if report.risk is None else report.risk.word,
        "manual": [_manual(item) for item in report.manual],
        "resolves": [finding.fingerprint for finding in report.resolves],
        "remaining": [finding.fingerprint for finding in report.remaining],
        "probes": list(report.probes),
        "command": visible(report.command),
        "verdict": _verdict(report.verdict),
        "exit_code": int(report.exit_code),
    }


def _repair(report: RepairReport) -> Document:
    return {
        **_head(report),
        "run": report.run,
        "findings": [_finding(finding) for finding in _each(report.resolved, report.remaining, _of(report.manual))],
        "outcomes": [_outcome(outcome) for outcome in report.outcomes],
        "summary": _counts(report.remaining),
        "actions": [_action(action) for action in report.actions],
        "manual": [_manual(item) for item in report.manual],
        "probes": [_probe(probe) for probe in report.probes],
        "resolved": [finding.fingerprint for finding in report.resolved],
        "remaining": [finding.fingerprint for finding in report.remaining],
        "rolled_back": report.rolled_back,
        "half_done": [_half_done(one) for one in report.half_done],
        "error": visible(report.error),
        "notes": [visible(note) for note in report.notes],
        "exit_code": int(report.exit_code),
    }


def _verdict(verdict: Verdict) -> Document:
    return {
        "state": verdict.state.value,
        "says": visible(verdict.says),
        "unseen": visible(verdict.unseen),
        "problems": verdict.problems,
        "worst": None if verdict.worst is None else verdict.worst.word,
        "ran": verdict.ran,
        "installed": verdict.installed,
    }


def _half_done(one: HalfDone) -> Document:
    texts = {"what": one.what, "why": one.why, "original": one.original, "do": one.do}
    return {"action": one.action, **{key: visible(value) for key, value in texts.items()}}


def _of(manual: tuple[ManualFix, ...]) -> tuple[Finding, ...]:
    return tuple(item.finding for item in manual)


def _each(*groups: tuple[Finding, ...]) -> list[Finding]:
    return list({finding.fingerprint: finding for group in groups for finding in group}.values())


def _counts(findings: tuple[Finding, ...]) -> dict[str, int]:
    return {
        level.word: sum(1 for finding in findings if finding.level is level) for level in sorted(Severity, reverse=True)
    }


def _host(host: HostInfo) -> Document:
    fields = {"name": host.name, "kernel": host.kernel, "root": host.root, "os": host.os, "engine": host.engine}
    fields |= {"id": host.id, "boot": host.boot}
    return {key: visible(value) for key, value in fields.items()}


def _finding(finding: Finding) -> Document:
    return {
        "id": finding.id,
        "severity": finding.level.word,
        "subject": {"kind": finding.subject.kind, "name": visible(finding.subject.name)},
        "message": visible(finding.message),
        "evidence": [
            {"source": visible(seen.source), "value": visible(seen.value, keep="\n\t")} for seen in finding.evidence
        ],
        "fix": None
        if finding.fix is None
        else {"applicability": finding.fix.applicability.word, "summary": visible(finding.fix.summary)},
        "causes": list(finding.causes),
        "fingerprint": finding.fingerprint,
        "waived": visible(finding.waived),
        "waiver": None if finding.waiver is None else _waiver(finding.waiver),
        "seen": None if finding.seen is None else _seen(finding.seen),
    }


def _waiver(waiver: WaiverNote) -> Document:
    texts = {
        "reason": waiver.reason,
        "author": waiver.author,
        "created": waiver.created,
        "expires": waiver.expires,
        "severity": waiver.severity,
    }
    return {
        **{key: visible(text) for key, text in texts.items()},
        "worse": bool(waiver.worse),
        "in_force": waiver.in_force,
    }


def _seen(seen: Seen) -> Document:
    return {"first": iso(seen.first), "since": iso(seen.since), "times": seen.times, "scans": seen.scans}


def _change(change: ScanChange, now: float) -> Document:
    return {
        "since": None if change.since is None else iso(change.since),
        "says": change.says(now),
        "plus": change.plus,
        "minus": change.minus,
        "new": list(change.new),
        "returned": list(change.returned),
        "worse": list(change.worse),
        "waived": list(change.waived),
        "unwaived": list(change.unwaived),
        "gone": [_earlier(finding) for finding in change.gone],
        "unknown": [_earlier(finding) for finding in change.unknown],
    }


def _earlier(finding: Finding) -> Document:
    whole = _finding(finding)
    return {key: whole[key] for key in ("id", "severity", "subject", "message", "fingerprint", "waived")}


def _outcome(outcome: Outcome) -> Document:
    return {
        "id": outcome.id,
        "outcome": outcome.result.value,
        "reason": visible(outcome.reason),
        "seconds": round(outcome.seconds, 6),
        "incomplete": outcome.incomplete,
    }


def _action(action: PlannedAction) -> Document:
    return {
        "number": action.number,
        "summary": visible(action.summary),
        "risk": action.risk.word,
        "fixes": list(action.fixes),
        "check_ids": list(action.check_ids),
        "diff": visible(action.diff, keep="\n\t"),
        "result": visible(action.result),
    }


def _manual(item: ManualFix) -> Document:
    return {
        "id": item.finding.id,
        "fingerprint": item.finding.fingerprint,
        "why": visible(item.why),
        "advice": visible(item.advice, keep="\n\t"),
        "questions": [
            {"question": visible(asked.text), "candidates": [_candidate(one) for one in asked.candidates]}
            for asked in item.questions
        ],
    }


def _candidate(one: Candidate) -> Document:
    return {
        "name": visible(one.name),
        "evidence": [
            {"source": visible(seen.source), "value": visible(seen.value, keep="\n\t")} for seen in one.evidence
        ],
        "option": visible(one.option),
    }


def _probe(probe: ProbeResult) -> Document:
    return {
        "name": probe.name,
        "proves": visible(probe.proves),
        "outcome": probe.result.value,
        "message": visible(probe.message),
        "evidence": [
            {"source": visible(seen.source), "value": visible(seen.value, keep="\n\t")} for seen in probe.evidence
        ],
        "seconds": round(probe.seconds, 3),
    }


def _lines(top: Document) -> str:
    """Write the document with one line per list entry, so that a diff of two scans shows the changes."""
    parts = []
    for key, value in top.items():
        if isinstance(value, list) and value:
            entries = ",\n  ".join(json.dumps(entry, separators=(", ", ": ")) for entry in value)
            parts.append(f"{json.dumps(key)}: [\n  {entries}]")
        else:
            parts.append(f"{json.dumps(key)}: {json.dumps(value)}")
    return "{" + ",\n ".join(parts) + "}\n"
