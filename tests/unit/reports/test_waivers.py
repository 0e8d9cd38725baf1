"""Waivers in every format: in force they are shown as waived, after their end as findings that count again."""

import json
import re

import pytest
from msgspec.structs import replace

from doctor.model.change import ScanChange
from doctor.model.finding import Seen, Subject, WaiverNote
from doctor.model.outcome import Result
from doctor.model.probe_result import ProbeResult
from doctor.model.report import ScanReport
from doctor.model.severity import Severity
from doctor.model.verdict import VerdictState
from tests.unit.reports import samples
from tests.unit.reports.test_green import FORMATS, can_show, render

NOTE = WaiverNote(reason="behind the VPN, OPS-311", author="Jo Miller", created="2026-12-01", expires="2027-06-30")
ENDED = replace(NOTE, expires="2026-12-31", in_force=False)
CRITICAL = replace(samples.WAIVED, severity=Severity.CRITICAL, waiver=NOTE, waived=NOTE.says)
AGAIN_SINCE = samples.STARTED - 9 * 86400
AGAIN = replace(
    CRITICAL,
    waiver=ENDED,
    waived="",
    seen=Seen(first=samples.STARTED - 40 * 86400, since=AGAIN_SINCE, times=2, scans=9),
)
ACCEPTED = replace(samples.HEALTHY, findings=(CRITICAL,))
COUNTED = replace(
    samples.HEALTHY,
    findings=(AGAIN,),
    change=ScanChange(
        since=samples.STARTED - 86400,
        plus=1,
        minus=1,
        unwaived=(AGAIN.fingerprint,),
        gone=(samples.LOGS,),
        unknown=(samples.DOWN,),
    ),
)
WHOLE = [name for name in FORMATS if can_show(name, ACCEPTED)]


def plain(name: str, report: ScanReport) -> str:
    """A rendering without what a format escapes, and without line breaks."""
    text = render(name, report).replace("\\", "")
    return re.sub(r"\s+", " ", text)


@pytest.mark.parametrize("name", WHOLE)
def test_a_healthy_host_says_what_is_waived(name: str) -> None:
    """Never the word alone: one look at it must not hide a critical finding."""
    text = plain(name, ACCEPTED)
    words = {
        "prometheus": 'doctor_finding_waived{check="security/tcp-exposed",severity="critical"',
    }
    assert words.get(name, "waived (critical)") in text
    if name != "prometheus":
        assert re.search(r"[Hh]ealthy, 1 waived \(critical\)", text)
    assert (ACCEPTED.verdict.exit_code, ACCEPTED.verdict.is_green) == (0, True)


@pytest.mark.parametrize("name", [one for one in WHOLE if one not in {"nagios", "npd", "prometheus"}])
def test_reason_author_and_end_are_shown(name: str) -> None:
    """Formats of one line and metrics have no room for the reason."""
    text = plain(name, ACCEPTED)
    assert "behind the VPN, OPS-311, by Jo Miller, until 2027-06-30" in text


@pytest.mark.parametrize("name", [one for one in WHOLE if one not in {"nagios", "npd", "prometheus"}])
def test_after_its_end_a_finding_is_shown_again(name: str) -> None:
    """With the day of the end, and it counts."""
    assert COUNTED.verdict.exit_code == 1
    text = plain(name, COUNTED)
    if name == "json":
        waiver = json.loads(render(name, COUNTED))["findings"][0]["waiver"]
        assert (waiver["expires"], waiver["in_force"]) == ("2026-12-31", False)
    else:
        assert re.search(r"[Tt]he waiver ended on 2026-12-31 \(behind the VPN, OPS-311, by Jo Miller\)", text)


@pytest.mark.parametrize("name", [one for one in WHOLE if one not in {"nagios", "npd", "prometheus"}])
def test_a_worse_finding_is_shown_again(name: str) -> None:
    """A waiver for a warning hides nothing critical: it counts, in words and numbers."""
    worse = replace(NOTE, severity="warning", worse="critical", in_force=False)
    report = replace(COUNTED, findings=(replace(AGAIN, waiver=worse),))
    assert (report.verdict.exit_code, report.verdict.waived) == (1, 0)
    text = plain(name, report)
    if name == "json":
        waiver = json.loads(render(name, report))["findings"][0]["waiver"]
        assert (waiver["severity"], waiver["worse"], waiver["in_force"]) == ("warning", True, False)
    else:
        assert re.search(r"[Ww]orse than when it was waived: critical, not warning \(behind the VPN", text)
    assert 'doctor_finding{check="security/tcp-exposed",severity="critical"' in render("prometheus", report)


@pytest.mark.parametrize("name", ["text", "markdown", "html", "json"])
def test_people_see_since_when_it_is_there(name: str) -> None:
    """And what changed since the scan before."""
    text = plain(name, COUNTED)
    assert re.search("[+]1 [-\N{MINUS SIGN}]1 since yesterday 08:00 UTC", text)
    if name == "json":
        seen = json.loads(render(name, COUNTED))["findings"][0]["seen"]
        assert seen == {"first": "2026-12-06T08:00:00Z", "since": "2027-01-06T08:00:00Z", "times": 2, "scans": 9}
    else:
        says = r"[Ss]ince 2027-01-06 08:00 UTC \(9 days, 9 scans\), for the 2nd time, first on 2026-12-06"
        assert re.search(says, text)


@pytest.mark.parametrize("name", ["text", "markdown", "html", "json"])
def test_people_see_what_is_gone_and_what_is_unknown(name: str) -> None:
    """A finding whose check did not run completely is not gone."""
    text = plain(name, COUNTED)
    gone, unknown = re.sub(r"\\", "", samples.LOGS.message)[:30], samples.DOWN.message[:30]
    if name == "json":
        assert 0 < text.index('"gone"') < text.index(gone) < text.index('"unknown"') < text.index(unknown)
    else:
        assert text.index("No longer there") < text.index(gone)
        assert text.index("Found before, and unknown now") < text.index(unknown)


def test_metrics_have_the_end_and_the_beginning() -> None:
    """The last day of a waiver is included: the sample is the midnight after it."""
    text = render("prometheus", ACCEPTED)
    labels = 'check="security/tcp-exposed",severity="critical",kind="listener",subject="tcp://0.0.0.0:2376"'
    assert f"doctor_finding_waived{{{labels}}} 1 " in text
    assert f"doctor_waiver_end_timestamp_seconds{{{labels}}} 1814400000 " in text
    assert f"doctor_finding_since_timestamp_seconds{{{labels}}} {AGAIN_SINCE:.0f} " in render("prometheus", COUNTED)
    assert "doctor_waiver_end" not in render("prometheus", samples.BROKEN)
    nobody = replace(CRITICAL, waiver=replace(NOTE, expires="never"))
    assert "doctor_waiver_end" not in render("prometheus", replace(ACCEPTED, findings=(nobody,)))


def test_a_service_knows_when_it_was_first_seen() -> None:
    """SARIF has a place for it, and for a waiver in force."""
    again = json.loads(render("sarif", COUNTED))["runs"][0]["results"][0]
    assert again["provenance"] == {"firstDetectionTimeUtc": "2026-12-06T08:00:00Z"}
    assert "suppressions" not in again
    accepted = json.loads(render("sarif", ACCEPTED))["runs"][0]["results"][0]
    assert accepted["suppressions"][0]["status"] == "accepted"


def test_a_failed_test_container_is_not_healthy_although_it_is_waived() -> None:
    """The finding is accepted; that containers have no names, or no way out, is not health."""
    failed = ProbeResult(name="dns", proves="names", result=Result.FAIL, message="no answer")
    accepted = replace(CRITICAL, id="probe/dns-failed", subject=Subject("probe", "dns"), severity=Severity.ERROR)
    verdict = replace(ACCEPTED, findings=(accepted,), probes=(*ACCEPTED.probes, failed)).verdict
    assert (ACCEPTED.verdict.state, verdict.state) == (VerdictState.HEALTHY, VerdictState.CLEAR)
    assert verdict.says.startswith("no problem found, 1 waived (error); test containers failed: dns")
