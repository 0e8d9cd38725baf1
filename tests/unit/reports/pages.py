"""Reports for the page: as a command completes them, with what earlier scans know, and of unusual sizes."""

from msgspec.structs import replace

from doctor.cli.page_parts import ids_of
from doctor.model.change import ScanChange
from doctor.model.finding import Evidence, Finding, FixSummary, Seen, Subject, WaiverNote
from doctor.model.outcome import Outcome, Result
from doctor.model.report import HistoryRow, PlanReport, RepairReport, ScanReport
from doctor.model.severity import Applicability, Severity
from doctor.plugins.load import load
from doctor.plugins.pages import pages
from tests.unit.reports import samples

_DAY = 86400.0
CVE = Finding(
    id="kernel/vulnerable",
    subject=Subject("cve", "CVE-2024-1086"),
    message="kernel 6.1.55 has CVE-2024-1086 (nf_tables use after free, exploited in the wild): local users become root",
    severity=Severity.ERROR,
    evidence=(Evidence("/proc/sys/kernel/osrelease", "6.1.55-amd64"), Evidence("fixed in", "6.1.76")),
    fix=FixSummary(Applicability.MANUAL, "apt-get install linux-image-amd64, then systemctl reboot"),
    seen=Seen(first=samples.STARTED - 40 * _DAY, since=samples.STARTED - 18 * _DAY, times=2, scans=18),
)


def completed(report: ScanReport | PlanReport | RepairReport) -> ScanReport | PlanReport | RepairReport:
    """Return the report with the pages of its checks."""
    return replace(report, pages=pages(load(), ids_of(report)))


def _changed() -> ScanReport:
    """Two problems are new, one of them again; one is worse, one is gone, one waiver has ended."""
    database = replace(samples.DATABASE, seen=Seen(first=samples.STARTED, since=samples.STARTED))
    forward = replace(
        samples.FORWARD, seen=Seen(first=samples.STARTED - 30 * _DAY, since=samples.STARTED, times=3, scans=1)
    )
    logs = replace(
        samples.LOGS,
        seen=Seen(first=samples.STARTED - 20 * _DAY, since=samples.STARTED - 20 * _DAY, scans=20),
        waiver=WaiverNote(reason="until the move", author="ops", expires="2027-01-14", in_force=False),
    )
    waived = replace(
        samples.WAIVED,
        waiver=WaiverNote(
            reason="behind the VPN, see OPS-311", author="jo", created="2026-09-01", expires="2027-06-30"
        ),
    )
    return replace(
        samples.BROKEN,
        findings=(database, samples.DOWN, forward, CVE, logs, samples.INFO, waived),
        change=ScanChange(
            since=samples.STARTED - _DAY,
            new=(database.fingerprint, forward.fingerprint),
            returned=(forward.fingerprint,),
            worse=(CVE.fingerprint,),
            unwaived=(logs.fingerprint,),
            gone=(samples.LOST,),
            plus=3,
            minus=1,
        ),
        # The host was off for nine days.
        history=tuple(row for number, row in enumerate(samples.HISTORY) if not 10 <= number < 19),
    )


CHANGED = _changed()
CROWD = replace(
    samples.BROKEN,
    findings=(
        samples.DATABASE,
        *(
            Finding(
                id="state/overlay2-layer-missing",
                subject=Subject("layer", f"{number:064x}"),
                message=f"the directory of layer {number:012x} is missing: images that use it start no container",
                severity=Severity.ERROR,
                evidence=(Evidence(f"/var/lib/docker/overlay2/{number:064x}", "no such file or directory"),),
                fix=FixSummary(Applicability.MANUAL, "docker pull the image again"),
            )
            for number in range(200)
        ),
        samples.FORWARD,
    ),
)
REMARKS = replace(samples.HEALTHY, findings=tuple(replace(samples.INFO, id=f"cgroups/x{n}") for n in range(7)))
WAIVED_ONLY = replace(samples.CLEAR, findings=tuple(replace(samples.WAIVED, id=f"security/x{n}") for n in range(5)))
LONG = "a-very-long-host-name-without-any-place-to-break-it.region-1.compute.internal.example.com"
TAGS = replace(
    CHANGED, host=replace(samples.HOST, name=f"<img src=x onerror=alert(1)>{LONG}", os="<b>Debian</b> & Söhne")
)


def _ordinary() -> ScanReport:
    """A host as most are: 390 checks, a few problems and remarks, two months of nightly scans with a few by hand."""
    ids = sorted(load().checks)
    outcomes = tuple(
        Outcome(id=identity, result=Result.SKIP if number % 3 == 0 else Result.PASS, reason="not used on this host")
        for number, identity in enumerate(ids)
    )
    scans = sorted((*range(0, 60 * 24, 24), 300, 301, 700.5, 1100))
    history = tuple(
        HistoryRow(
            started=samples.STARTED - (60 * 24 - hour) * 3600,
            counts={
                "critical": int(700 < hour < 800),
                "error": int(hour > 900),
                "warning": 2 + int(hour) // 400,
                "info": 3,
            },
            exit_code=1,
        )
        for hour in scans
        if not 400 < hour < 600
    )
    findings = (samples.FORWARD, CVE, samples.LOGS, *(replace(samples.INFO, id=i) for i in ids[:3]))
    ok = {identity: load().check(identity).declaration.ok for identity in ids[:40]}  # type: ignore[union-attr]
    return replace(
        samples.BROKEN, findings=findings, outcomes=outcomes, history=history, ok=ok, probes=samples.PASSED, notes=()
    )


ORDINARY = _ordinary()
