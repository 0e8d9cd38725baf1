"""One notification in the forms that recipients read: JSON, a subject line, plain text.

All text of the host is escaped, and a notification is bounded: 100 news and 64 KiB of JSON, however many problems a host has.
"""

import json
import os
import time
from typing import Any

from msgspec import Struct

from doctor.model.report import HostInfo, ScanReport, summary
from doctor.model.severity import Severity
from doctor.model.text import plural, visible
from doctor.notify.news import NewsItem
from doctor.state.clock import DAY_S, date

SCHEMA_VERSION = "1"
MOST_NEWS = 100
MOST_BYTES = 64 << 10
_LONGEST = 500
_HEADS = {
    "missed": "no scan",
    "new": "new",
    "worse": "worse",
    "still": "still there",
    "unknown": "unknown",
    "waived": "waived",
    "resolved": "resolved",
}


class NotedScan(Struct, frozen=True, kw_only=True):
    """A scan as a notification describes it."""

    started: float
    exit_code: int
    verdict: str
    says: str
    counts: dict[str, int]
    report: str = ""

    @classmethod
    def of(cls, report: ScanReport, place: str = "") -> "NotedScan":
        """Describe a scan; ``place`` is the file with its HTML page."""
        verdict = report.verdict
        return cls(
            started=report.started,
            exit_code=int(report.exit_code),
            verdict=verdict.state.value,
            says=verdict.says,
            counts=summary(report),
            report=place,
        )


class Notice(Struct, frozen=True, kw_only=True):
    """A notification to one recipient.

    Attributes:
        id: the same for each attempt to deliver it, so that a receiver recognises a repetition.
        omitted: news that were left out because there are too many.
        is_test: sent by ``doctor schedule test-notify``; ``scan`` is then the last one, or ``None``.
        notes: remarks of the scan.
    """

    id: str
    host: HostInfo
    doctor: str
    sent: float
    scan: NotedScan | None
    news: tuple[NewsItem, ...] = ()
    omitted: int = 0
    notes: tuple[str, ...] = ()
    is_test: bool = False

    @property
    def severity(self) -> Severity:
        """The highest severity of the problems that it reports; that of a remark if it reports only good news."""
        bad = [one.problem.severity for one in self.news if one.change not in {"resolved", "waived"}]
        return max(bad, default=Severity.INFO)

    @property
    def name(self) -> str:
        """The host's name as a word: it is text of the host, and becomes part of headers and file formats."""
        found = "".join(
            letter for letter in self.host.name if letter.isascii() and (letter.isalnum() or letter in "-._")
        )
        return found[:64] or "unnamed"

    def subject(self) -> str:
        """Return the news in one line."""
        if self.is_test:
            return f"{self.name}: test of doctor's notifications, no problem is reported"
        counts = {kind: sum(1 for one in self.news if one.change == kind) for kind in _HEADS}
        said = ", ".join(
            f"{count} {_HEADS[kind]}" if kind != "missed" else "a scan did not run"
            for kind, count in counts.items()
            if count
        )
        worst = f" (worst: {self.severity.word})" if self.severity > Severity.INFO else ""
        return f"{self.name}: {said or 'no news'}{worst}"

    def text(self) -> str:
        """Return the whole as plain text."""
        lines = [self.subject(), ""]
        if self.is_test:
            lines += ["This is a test: 'doctor schedule test-notify' was run on this host.", ""]
        for one in self.news:
            lines += [*_lines(one), ""]
        if self.omitted:
            lines += [f"{plural(self.omitted, 'more change')}, not listed here", ""]
        if self.scan is not None:
            lines.append(f"scan of {date(self.scan.started)}: {_short(self.scan.says)}")
            lines += [f"report: {visible(self.scan.report)}"] if self.scan.report else []
        if self.severity > Severity.INFO:
            lines.append("next: run 'doctor fix' there; it shows the repair plan and changes nothing")
        lines += [f"note: {_short(note)}" for note in self.notes[:20]]
        system = ", ".join(
            filter(None, (self.host.os, self.host.kernel, self.host.engine and f"engine {self.host.engine}"))
        )
        lines += [f"host: {visible(self.host.name)}{f' ({visible(system)})' if system else ''}"]
        return "\n".join(lines) + "\n"

    def document(self) -> bytes:
        """Return it as JSON (docs/schema/notification.schema.json), with fewer news if they would exceed the limit."""
        shown = len(self.news)
        while True:
            data = json.dumps(self._plain(shown), ensure_ascii=True, separators=(",", ":")).encode()
            if len(data) <= MOST_BYTES or not shown:
                return data
            shown //= 2

    def _plain(self, shown: int) -> dict[str, Any]:
        scan = None
        if self.scan is not None:
            scan = {
                "started": _time(self.scan.started),
                "exit_code": self.scan.exit_code,
                "verdict": self.scan.verdict,
                "summary": _short(self.scan.says),
                "counts": self.scan.counts,
                "report": visible(self.scan.report),
            }
        return {
            "schema_version": SCHEMA_VERSION,
            "kind": "notification",
            "id": self.id,
            "test": self.is_test,
            "doctor": self.doctor,
            "host": {
                "id": self.host.id,
                "name": visible(self.host.name),
                "os": visible(self.host.os),
                "kernel": visible(self.host.kernel),
                "engine": visible(self.host.engine),
            },
            "sent": _time(self.sent),
            "subject": self.subject(),
            "severity": self.severity.word,
            "scan": scan,
            "news": [_item(one) for one in self.news[:shown]],
            "omitted": self.omitted + len(self.news) - shown,
            "notes": [_short(note) for note in self.notes[:20]],
        }


def new_id() -> str:
    """Return an id of a notification."""
    return os.urandom(12).hex()


def _item(one: NewsItem) -> dict[str, Any]:
    problem = one.problem
    return {
        "change": one.change,
        "check": problem.id,
        "severity": problem.severity.word,
        "subject": {"kind": visible(problem.kind), "name": _short(problem.subject)},
        "fingerprint": problem.finding.fingerprint,
        "message": _short(problem.message),
        "note": _short(one.note),
        "found": _time(one.found),
        "since": _time(problem.since),
        "returned": problem.returned,
    }


def _lines(one: NewsItem) -> list[str]:
    problem = one.problem
    head = f"{_HEADS[one.change].upper()} {problem.severity.word}: {_short(problem.message)}"
    days = int((one.found - problem.since) // DAY_S)
    long = f" ({plural(days, 'day')})" if days > 0 else ""
    says = [problem.id, f"since {date(problem.since)}{long}"]
    if one.change == "unknown":
        says.append("no scan examines it any more, so it is unknown whether the problem remains")
    if problem.returned:
        says.append(f"it returned {plural(problem.returned, 'time')}")
    says += [_short(one.note)] if one.note else []
    return [head, f"    {'; '.join(says)}"] if one.change != "missed" else [head]


def _short(text: str) -> str:
    text = visible(text)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _time(when: float) -> str:
    try:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(when))
    except (ValueError, OverflowError, OSError):
        return "1970-01-01T00:00:00Z"
