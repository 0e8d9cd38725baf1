"""The JSON document of a fleet, described by ``docs/schema/fleet.schema.json``."""

from typing import Any

from doctor.model.fleet.changes import FleetChanges
from doctor.model.fleet.report import FleetFinding, FleetHost, FleetReport
from doctor.model.severity import Severity
from doctor.model.text import visible
from doctor.model.verdict import VerdictState

from ._words import iso


def fleet(report: FleetReport) -> dict[str, Any]:
    """Return the document as plain values, without the head that all kinds share."""
    verdict = report.verdict
    return {
        "verdict": {
            "state": verdict.state.value,
            "says": visible(verdict.says),
            "worst": None if verdict.worst is None else verdict.worst.word,
        },
        "summary": {
            "hosts": len(report.hosts),
            **{state.value: report.count(state) for state in VerdictState},
            "stale": sum(1 for host in report.hosts if host.stale),
            "missing": len(report.missing),
            "unread": len(report.unread),
            "reports": report.read,
        },
        "findings": [_finding(found) for found in report.findings],
        "hosts": [_host(host) for host in report.hosts],
        "versions": [
            {"of": one.of, "version": visible(one.version), "hosts": one.hosts, "problems": one.problems}
            for one in report.versions
        ],
        "spreading": [found.id for found in report.findings if found.is_spreading],
        "outliers": [
            {"host": one.host, "like": visible(one.like), "of": one.of, "differences": _texts(one.differences)}
            for one in report.outliers
        ],
        "changes": None if report.changes is None else _changes(report.changes),
        "unread": [{"path": visible(path), "reason": visible(reason)} for path, reason in report.unread],
        "missing": _texts(report.missing),
        "notes": _texts(report.notes),
        "stale_after": report.stale_after,
        "exit_code": int(report.exit_code),
    }


def _texts(texts: tuple[str, ...]) -> list[str]:
    return [visible(text) for text in texts]


def _finding(found: FleetFinding) -> dict[str, Any]:
    only = found.only
    return {
        "id": visible(found.id),
        "severity": found.severity.word,
        "problem": found.is_problem,
        "message": visible(found.message),
        "messages": found.messages,
        "hosts": _texts(found.hosts),
        "waived": _texts(found.waived),
        "stale": found.stale,
        "cannot": found.cannot,
        "proven": found.is_proven,
        "because": _texts(found.because),
        "explains": _texts(found.explains),
        "before": found.before,
        "now": found.now,
        "only": None if only is None else {"of": only[0], "version": visible(only[1]), "hosts": only[2]},
        "since": None if found.since is None else {"time": iso(found.since[0]), "host": visible(found.since[1])},
        "fix": None if found.risk is None else {"applicability": found.risk.word, "summary": visible(found.fix)},
    }


def _host(host: FleetHost) -> dict[str, Any]:
    return {
        "host": visible(host.title),
        "name": visible(host.name),
        "id": host.id,
        "state": host.state.value,
        "says": visible(host.says),
        "worst": None if host.worst is None else host.worst.word,
        "problems": host.problems,
        "waived": host.waived,
        "doubts": _texts(host.doubts),
        "stale": host.stale,
        "started": iso(host.started),
        "doctor": visible(host.doctor),
        "engine": visible(host.engine),
        "kernel": visible(host.kernel),
        "os": visible(host.os),
        "root": visible(host.root),
        "ran": host.ran,
        "installed": host.installed,
        "reports": host.reports,
        "file": visible(host.file),
        "findings": [
            {
                "id": visible(one.id),
                "severity": one.severity.word,
                "message": visible(one.message),
                "subject": {"kind": visible(one.kind), "name": visible(one.subject)},
                "fingerprint": visible(one.fingerprint),
            }
            for one in host.findings
            if one.severity > Severity.INFO
        ],
    }


def _changes(changed: FleetChanges) -> dict[str, Any]:
    return {
        "since": iso(changed.since),
        "compared": changed.compared,
        "findings": [
            {
                "id": visible(one.id),
                "severity": one.severity.word,
                "message": visible(one.message),
                "new": _texts(one.new),
                "gone": _texts(one.gone),
                "unknown": _texts(one.unknown),
            }
            for one in changed.findings
        ],
        "versions": [
            {
                "of": one.of,
                "before": visible(one.before),
                "after": visible(one.after),
                "hosts": _texts(one.hosts),
            }
            for one in changed.versions
        ],
        "worse": [_moved(one) for one in changed.worse],
        "better": [_moved(one) for one in changed.better],
        "appeared": _texts(changed.appeared),
        "silent": _texts(changed.silent),
    }


def _moved(one: tuple[str, VerdictState, VerdictState]) -> dict[str, str]:
    title, before, after = one
    return {"host": visible(title), "before": before.value, "after": after.value}
