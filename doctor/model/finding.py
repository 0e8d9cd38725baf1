"""One problem with one subject."""

import time

from msgspec import Struct

from doctor.model.severity import Applicability, Severity
from doctor.model.text import plural

_DAY_S = 86400
_SLACK_S = 300
_TIMES = {1: "1st", 2: "2nd", 3: "3rd"}


class Subject(Struct, frozen=True):
    """The subject of a finding: a kind (``sysctl``, ``file``, ``image``, ``network`` …) and its name on this host."""

    kind: str
    name: str


class Evidence(Struct, frozen=True):
    """An observed value with its source (a path, a command, an API call)."""

    source: str
    value: str


class FixSummary(Struct, frozen=True):
    """The fix of a finding: its applicability, and its effect in one line."""

    applicability: Applicability
    summary: str


class WaiverNote(Struct, frozen=True, kw_only=True):
    """The waiver that matches a finding, as the settings have it; dates as text, "" if unknown.

    Attributes:
        severity: the highest severity that it covers, "" if unknown.
        worse: the severity of the finding where that is higher; "" else.
        in_force: false after its last day and for a worse finding, which then counts, and a report says so.
    """

    reason: str
    author: str = ""
    created: str = ""
    expires: str = ""
    severity: str = ""
    worse: str = ""
    in_force: bool = True

    @property
    def says(self) -> str:
        """Return it in words."""
        by = f", by {self.author}" if self.author else ""
        if self.worse:
            return f"worse than when it was waived: {self.worse}, not {self.severity} ({self.reason}{by})"
        if not self.in_force:
            return f"the waiver ended on {self.expires} ({self.reason}{by})"
        return f"{self.reason}{by}{f', until {self.expires}' if self.expires else ''}"


class Seen(Struct, frozen=True, kw_only=True):
    """A finding in the kept scans of its host (decision 0060). All times are starts of scans, seconds since the epoch.

    Attributes:
        first: the first scan that found it, ever.
        since: the first scan that found it without a break; a break is a scan in which its check ran completely and did not find it.
        times: how often it appeared: 1 for the first time, 2 if it was gone once and returned.
        scans: how many scans found it since ``since``, this one included.
    """

    first: float
    since: float
    times: int = 1
    scans: int = 1

    def days(self, now: float) -> int | None:
        """Return for how many whole days it is there; ``None`` if the clock was wrong at one of the scans.

        >>> Seen(first=0, since=86400, scans=3).days(3 * 86400), Seen(first=0, since=4e9).days(86400)
        (2, None)
        """
        return int(max(0, now - self.since) // _DAY_S) if self.since <= now + _SLACK_S else None

    def says(self, now: float) -> str:
        """Return it in words, "" for a finding that only this scan has seen.

        >>> Seen(first=0, since=86400, scans=3).says(3 * 86400)
        'since 1970-01-02 00:00 UTC (2 days, 3 scans)'
        >>> Seen(first=0, since=86400, times=3).says(86400)
        'for the 3rd time, first on 1970-01-01'
        >>> Seen(first=0, since=4e9, scans=3).says(86400)
        'in 3 scans; one of them had a wrong clock'
        >>> Seen(first=0, since=0).says(0)
        ''
        """
        words = []
        days = self.days(now)
        if days is None:
            words.append(f"in {plural(self.scans, 'scan')}; one of them had a wrong clock")
        elif self.scans > 1:
            long = f"{plural(days, 'day')}, " if days else ""
            words.append(f"since {_utc(self.since)} ({long}{plural(self.scans, 'scan')})")
        if self.times > 1:
            day = "" if self.first > now + _SLACK_S else f", first on {_utc(self.first)[:10]}"
            words.append(f"for the {_TIMES.get(self.times, f'{self.times}th')} time{day}")
        return ", ".join(words)


class Finding(Struct, frozen=True, kw_only=True):
    """One problem with one subject.

    A check sets ``subject``, ``message``, ``evidence`` and ``detail``; the scan sets the rest.

    Attributes:
        subject: its subject.
        message: subject, fault and consequence in one sentence without a full stop.
        evidence: the evidence, in logical order.
        detail: a frozen struct with the check's values for the fixer with the same name, in the type that the check declares.
        severity: overrides the check's own severity if set.
        id: the check's id, ``network/ip-forward-off``.
        fix: the fixer's summary, if there is a fixer for this finding.
        causes: fingerprints of findings that explain this one; a report shows those first.
        waived: the waiver that is in force, in words, or "".
        waiver: the waiver that matches it, in force or ended.
        seen: since when it is there by the kept scans; ``None`` if the scan is not kept (``--root``, ``--select``).
        start_destroys: whether the engine's next start, or the stop after it, destroys data because of this.
        stops_start: whether the engine's next start certainly fails because of this; ``None``: as its check declares.
    """

    subject: Subject
    message: str
    evidence: tuple[Evidence, ...] = ()
    detail: Struct | None = None
    severity: Severity | None = None
    id: str = ""
    fix: FixSummary | None = None
    causes: tuple[str, ...] = ()
    waived: str = ""
    waiver: WaiverNote | None = None
    seen: Seen | None = None
    start_destroys: bool = False
    stops_start: bool | None = None

    @property
    def fingerprint(self) -> str:
        """Sixteen hex digits of id and subject, independent of the wording: the same problem keeps it over time."""
        # The import costs nothing without findings.
        from hashlib import sha256  # noqa: PLC0415

        text = f"{self.id}\0{self.subject.kind}\0{self.subject.name}"
        return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]

    @property
    def level(self) -> Severity:
        """The effective severity; a finding that the scan has not completed counts as an error."""
        return Severity.ERROR if self.severity is None else self.severity


def _utc(seconds: float) -> str:
    try:
        return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(seconds))
    except (ValueError, OverflowError, OSError):
        return "an unknown time"
