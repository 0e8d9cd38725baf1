"""Scans and notices for the tests of notifications."""

from msgspec.structs import replace

from doctor.model.finding import Finding, Subject
from doctor.model.outcome import Outcome, Result
from doctor.model.report import HostInfo, ScanReport
from doctor.model.severity import Severity
from doctor.notify.news import KnownProblem, NewsItem, compare
from doctor.notify.notice import NotedScan, Notice
from doctor.notify.recipients import Delivery, delivery
from doctor.notify.send import Parcel
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
    """How a recipient is reached."""
    return delivery(replace(Recipient(to=to, timeout=1), **more))  # type: ignore[arg-type]


def parcel(to: str, note: Notice | None = None, **more: object) -> Parcel:
    """A notification to a recipient."""
    return Parcel(
        delivery=route(to, **more),
        notice=note or notice(finding()),
        render=lambda name: (b"CONTAINERS CRITICAL - a|b=1;;;0\n", 2) if name == "nagios" else (b"doctor_x 1\n", 1),
        extra=b"doctor_y 2\n",
    )
