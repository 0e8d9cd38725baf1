"""Decodes a JSON report of a scan to what the merged report needs; everything else in it is skipped, not built."""

import re
from datetime import UTC, datetime

import msgspec
from msgspec import Raw, Struct

from doctor.model.errors import FormatError
from doctor.model.severity import Severity
from doctor.model.text import visible
from doctor.model.verdict import VerdictState

SCHEMA_VERSION = "1"
_LONGEST_NAME = 253
_LONGEST_TEXT = 400


class ReportedHost(Struct):
    """``host`` of a report; ``id`` and ``boot`` are missing in reports of older versions of doctor."""

    name: str
    kernel: str = ""
    root: str = "/"
    os: str = ""
    engine: str = ""
    id: str = ""
    boot: str = ""


class ReportedSubject(Struct):
    """``subject`` of a finding."""

    kind: str = ""
    name: str = ""


class ReportedFix(Struct):
    """``fix`` of a finding."""

    applicability: str = ""
    summary: str = ""


class ReportedSeen(Struct):
    """``seen`` of a finding: since when the kept scans of its host have it without a break."""

    since: str = ""


class ReportedFinding(Struct):
    """A finding without its evidence."""

    id: str
    severity: str
    message: str = ""
    subject: ReportedSubject = msgspec.field(default_factory=ReportedSubject)
    fingerprint: str = ""
    waived: str = ""
    causes: tuple[str, ...] = ()
    fix: ReportedFix | None = None
    seen: ReportedSeen | None = None


class ReportedVerdict(Struct):
    """``verdict`` of a report."""

    state: str
    says: str = ""
    problems: int = 0
    worst: str | None = None
    ran: int = 0
    installed: int = 0


class ReportedSummary(Struct):
    """``summary`` of a report: findings that a display filter left out of it, and checks that could not examine everything."""

    hidden: int = 0
    incomplete: int = -1


class ReportedProbe(Struct):
    """Name and outcome of a test container."""

    name: str = ""
    outcome: str = ""


class ReportedScan(Struct):
    """The document of ``doctor scan --format json``."""

    host: ReportedHost
    doctor: str
    started: str
    findings: list[ReportedFinding]
    verdict: ReportedVerdict
    outcomes: Raw = Raw(b"[]")
    summary: ReportedSummary = msgspec.field(default_factory=ReportedSummary)
    probes: list[ReportedProbe] = []
    fail_on: str = "warning"
    for_engine: str = ""
    seconds: float = 0.0


class ReportHead(Struct):
    """What every version of a report has."""

    schema_version: str | int | None = None
    kind: str | None = None
    doctor: str | None = None


class ReportedOutcome(Struct):
    """An outcome, for the reason why something could not be examined."""

    id: str = ""
    outcome: str = ""
    reason: str = ""
    incomplete: bool = False


class _Both(ReportedScan):
    """The head and the scan in one go: decoding twice would cost as much again."""

    schema_version: str = ""
    kind: str = ""


_HEAD = msgspec.json.Decoder(ReportHead)
_SCAN = msgspec.json.Decoder(_Both)
_OUTCOMES = msgspec.json.Decoder(list[ReportedOutcome])
_SEVERITIES = {level.word: level for level in Severity}
_STATES = {state.value: state for state in VerdictState}


def decode(raw: bytes) -> ReportedScan:
    """Return the scan in the content of a file. Raises ``FormatError`` in words for the user."""
    try:
        found = _SCAN.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FormatError(_why(raw, error)) from error
    if found.schema_version != SCHEMA_VERSION or found.kind != "scan":
        raise FormatError(_other(found.schema_version, found.kind, found.doctor))
    if found.verdict.state not in _STATES:
        raise FormatError(f"its verdict '{_short(found.verdict.state)}' is unknown to this doctor: update it")
    if not found.host.name.strip():
        raise FormatError("it names no host")
    return found


def severity_of(word: str) -> Severity:
    """Return the severity with this name; an unknown one counts as an error."""
    return _SEVERITIES.get(word, Severity.ERROR)


def state_of(found: ReportedScan) -> VerdictState:
    """Return the verdict of a report; a report that contradicts itself is judged by the worse part."""
    fail_on = _SEVERITIES.get(found.fail_on, Severity.WARNING)
    if any(not one.waived and severity_of(one.severity) >= fail_on for one in found.findings):
        return VerdictState.PROBLEMS
    state = _STATES[found.verdict.state]
    if found.verdict.problems or any(one.outcome == "fail" for one in found.probes):
        return VerdictState.PROBLEMS if state is not VerdictState.INCOMPLETE or found.verdict.problems else state
    return state


def time_of(text: str) -> float:
    """Return a time of a report in seconds since the epoch; UTC without a zone. Raises ``FormatError``.

    >>> time_of("1970-01-02T00:00:00Z"), time_of("1970-01-02T02:00:00+02:00")
    (86400.0, 86400.0)
    """
    try:
        found = datetime.fromisoformat(text.strip())
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError) as error:
        raise FormatError(f"its time '{_short(text)}' is not a date") from error


def outcomes(found: ReportedScan) -> list[ReportedOutcome]:
    """Return the outcomes of all checks; none if they can't be read."""
    try:
        return _OUTCOMES.decode(found.outcomes)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []


def is_gap(one: ReportedOutcome) -> bool:
    """Whether a check could not examine everything."""
    return one.incomplete or one.outcome == "error"


def reasons(found: list[ReportedOutcome]) -> tuple[str, ...]:
    """Return why something could not be examined, each reason once."""
    every = dict.fromkeys(one.reason for one in found if is_gap(one) and one.reason)
    return tuple(dict.fromkeys(_short(reason) for reason in every))


def clean(text: str, longest: int = _LONGEST_TEXT) -> str:
    """Return text of a report for display: a report is a file from elsewhere, and may not be doctor's."""
    text = visible(text)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def host_name(name: str) -> str:
    """Return a host's name for display; one that is not a host name is quoted, so that it can't look like two.

    >>> host_name("web-1.example"), host_name("a, b")
    ('web-1.example', '"a, b"')
    """
    if re.fullmatch(r"[\w.:-]{1,253}", name) and name.isprintable():
        return name
    return f'"{clean(name, _LONGEST_NAME)}"'


def _short(text: str) -> str:
    return clean(text, 160)


def _why(raw: bytes, error: Exception) -> str:
    if not raw.strip():
        return "it is empty"
    if isinstance(error, RecursionError):
        return "it is nested too deeply, so it is not a report"
    try:
        head = _HEAD.decode(raw)
    except msgspec.ValidationError:
        return "it is not a report of doctor"
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as broken:
        return _not_json(raw, str(broken))
    if head.schema_version is None and head.kind is None:
        return "it is not a report of doctor: it has no schema_version"
    if str(head.schema_version) != SCHEMA_VERSION or head.kind != "scan":
        return _other(head.schema_version, head.kind, head.doctor or "")
    return f"it is not a complete report: {_short(str(error)[:1].lower() + str(error)[1:])}"


def _not_json(raw: bytes, reason: str) -> str:
    if not raw.lstrip().startswith(b"{"):
        return "it is not JSON: 'doctor scan --format json -o FILE' writes a report"
    if "truncated" in reason:
        return "it is truncated: copy it again"
    if "trailing" in reason:
        return "it holds more than one JSON document: use one file for each report"
    return f"it is not valid JSON: {_short(reason.removeprefix('JSON is malformed: '))}"


def _other(version: str | int | None, kind: str | None, doctor: str) -> str:
    if str(version) != SCHEMA_VERSION:
        shown = _short(str(version))
        by = f" of doctor {_short(doctor)}" if doctor else ""
        if shown.isdecimal() and int(shown[:9]) > int(SCHEMA_VERSION):
            return (
                f"it has schema version {shown}{by}, and this doctor reads version {SCHEMA_VERSION}: update this doctor"
            )
        return f"it has schema version {shown}{by}, and this doctor reads version {SCHEMA_VERSION}: scan the host again"
    what = f"of kind '{_short(kind)}'" if kind else "without a kind"
    return f"it is a report {what}, not of a scan: 'doctor scan --format json' writes one"
