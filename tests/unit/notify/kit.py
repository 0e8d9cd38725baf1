"""Scans, nights, notices and a post office for the tests of notifications."""

import time

from msgspec.structs import replace

from doctor.model.finding import Finding, Subject
from doctor.model.outcome import Outcome, Result
from doctor.model.report import HostInfo, ScanReport
from doctor.model.severity import Severity
from doctor.notify import scheduled
from doctor.notify.news import KnownProblem, NewsItem, compare
from doctor.notify.notice import NotedScan, Notice
from doctor.notify.recipients import Delivery
from doctor.notify.routes import routes_of
from doctor.notify.scheduled import AfterScan, Begun, EndedScan
from doctor.notify.send import Delivered, Parcel
from doctor.state.settings import Recipient

NOW = 1_800_000_000.0
DAY = 86400.0
HOST = HostInfo(name="alpha", kernel="6.12", os="Debian", engine="26.1.5")
NASTY = "a\r\nBcc: evil@example.com\x1b[31m<b>\u202e\udcff"


def finding(name: str = "web", identity: str = "state/x", **more: object) -> Finding:
    """A finding as the engine completes it."""
    base = Finding(id=identity, subject=Subject("file", name), message=f"{name} is corrupt", severity=Severity.ERROR)
    return replace(base, **more)  # type: ignore[arg-type]


def scan(*findings: Finding, started: float = NOW, ran: str = "pass", **more: object) -> ScanReport:
    """A scan with these findings; its check ran, unless ``ran`` says otherwise."""
    result = Result.FAIL if findings else Result(ran)
    base = ScanReport(
        host=HOST,
        doctor="0.1.0",
        started=started,
        seconds=0.2,
        findings=findings,
        outcomes=(Outcome(id="state/x", result=result), Outcome(id="state/y", result=Result.PASS)),
        ok={},
    )
    return replace(base, **more)  # type: ignore[arg-type]


def story(*scans: ScanReport, remind_days: int = 7) -> list[list[str]]:
    """The news of each of several scans, as "change subject"."""
    known: dict[str, KnownProblem] = {}
    found = []
    for report in scans:
        known, news = compare(known, report, remind_days=remind_days)
        found.append([f"{one.change} {one.problem.subject}" for one in news])
    return found


def news(*findings: Finding) -> tuple[NewsItem, ...]:
    """The news of a first scan with these findings."""
    return compare({}, scan(*findings), remind_days=7)[1]


def notice(*findings: Finding, host: HostInfo = HOST, is_test: bool = False) -> Notice:
    """A notification about these findings."""
    report = scan(*findings)
    return Notice(
        id="0123456789abcdef01234567",
        host=host,
        doctor="0.1.0",
        sent=NOW,
        scan=NotedScan.of(report, "/var/lib/doctor/report.html"),
        news=news(*findings),
        is_test=is_test,
    )


def route(to: str, **more: object) -> Delivery:
    """How a recipient is reached, or its first address."""
    return routes_of(replace(Recipient(to=to, timeout=1), **more))[0]  # type: ignore[arg-type]


def parcel(to: str, note: Notice | None = None, **more: object) -> Parcel:
    """A notification to a recipient."""
    return Parcel(
        delivery=route(to, **more),
        notice=note or notice(finding()),
        render=lambda name: (b"CONTAINERS CRITICAL - a|b=1;;;0\n", 2) if name == "nagios" else (b"doctor_x 1\n", 1),
        extra=b"doctor_y 2\n",
    )


ONE, TWO = Recipient(to="mailto:a@example.com"), Recipient(to="https://b.example/x")
START = int(time.time()) - 100 * DAY


class Post:
    """Stands for the ways of delivery: what was sent to whom, and who refuses."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, list[str], Parcel]] = []
        self.refusing: set[str] = set()

    def deliver(self, parcels: tuple[Parcel, ...]) -> tuple[Delivered, ...]:
        """As ``send.deliver``."""
        for one in parcels:
            changes = [f"{item.change} {item.problem.subject}" for item in one.notice.news]
            self.sent.append((one.delivery.given.to, changes, one))
        return tuple(
            Delivered(done=False, error="refused")
            if {one.delivery.given.to, one.delivery.address} & self.refusing
            else Delivered(done=True)
            for one in parcels
        )

    def news(self) -> list[tuple[str, list[str]]]:
        """The news that were sent since the last call."""
        found = [(to.partition(":")[0], changes) for to, changes, _ in self.sent]
        self.sent.clear()
        return found


def night(
    report: ScanReport, number: float, *wanted: Recipient, begun: Begun | None = None, **more: object
) -> EndedScan:
    """One scheduled scan in the night with this number."""
    after = AfterScan(
        report=replace(report, started=START + number * DAY),
        page="/var/lib/doctor/report.html",
        every="daily",
        remind_days=7,
        render=lambda _: (b"", 0),
        renamed=lambda: {"state/old": "state/x"},
        checks=frozenset({"state/x", "state/y"}),
    )
    return scheduled.end(replace(after, **more), begun or Begun(), wanted)  # type: ignore[arg-type]
