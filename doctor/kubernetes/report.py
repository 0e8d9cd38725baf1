"""A scan's JSON report, as far as conditions need it. It comes from another container, so it is read with suspicion."""

import calendar
import os
import stat
import time

import msgspec
from msgspec import Struct

from doctor.model.errors import DoctorError
from doctor.model.severity import Severity
from doctor.model.text import plural

LARGEST_BYTES = 64 << 20
_SCHEMA_VERSION = "1"


class NodeFinding(Struct, frozen=True, kw_only=True):
    """A finding of the report."""

    id: str
    severity: str
    message: str
    waived: str = ""


class NodeOutcome(Struct, frozen=True, kw_only=True):
    """An outcome of the report."""

    id: str
    outcome: str
    incomplete: bool = False


class NodeVerdict(Struct, frozen=True, kw_only=True):
    """The verdict of the report."""

    state: str
    says: str
    unseen: str = ""


class _Host(Struct, frozen=True, kw_only=True):
    root: str


class _Summary(Struct, frozen=True, kw_only=True):
    hidden: int = 0


class NodeReport(Struct, frozen=True, kw_only=True):
    """A scan of this node."""

    schema_version: str
    kind: str
    started: str
    host: _Host
    findings: tuple[NodeFinding, ...]
    outcomes: tuple[NodeOutcome, ...]
    verdict: NodeVerdict
    summary: _Summary
    fail_on: str
    for_engine: str = ""

    def problems(self) -> list[NodeFinding]:
        """Return the findings that count as problems, worst first."""
        least = Severity.parse(self.fail_on)
        return [one for one in self.findings if not one.waived and Severity.parse(one.severity) >= least]

    def scanned(self) -> float:
        """Return when the scan began, in seconds since the epoch."""
        return calendar.timegm(time.strptime(self.started, "%Y-%m-%dT%H:%M:%SZ"))


def read(path: str) -> NodeReport:
    """Return the report in a file; raises ``DoctorError`` for anything but a scan of the live host."""
    report = decode(_bytes(path), path)
    if report.kind != "scan" or report.schema_version != _SCHEMA_VERSION:
        what = f"a {report.kind} report of schema {report.schema_version}, not a scan of schema {_SCHEMA_VERSION}"
    elif report.for_engine:
        what = "it is about an upgrade that was only supposed (--for-engine)"
    elif report.host.root != "/":
        what = f"it is about {report.host.root}, not about the running host"
    elif report.summary.hidden:
        what = f"{plural(report.summary.hidden, 'finding')} are not in it (--since-last)"
    else:
        return report
    raise DoctorError(
        f"can't be used for conditions: {what}", where=path, do="write it with 'doctor scan --format json'"
    )


def decode(raw: bytes, path: str) -> NodeReport:
    """Return the report in these bytes; raises ``DoctorError``."""
    try:
        report = msgspec.json.decode(raw, type=NodeReport)
        report.problems()
        report.scanned()
    except (msgspec.DecodeError, msgspec.ValidationError, KeyError, ValueError, RecursionError, OverflowError) as error:
        raise DoctorError(f"not a report of doctor: {error}", where=path, do="write it with 'doctor scan'") from error
    return report


def _bytes(path: str) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as stream:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise DoctorError("not a regular file", where=path, do="name the file that 'doctor scan -o' writes")
            raw = stream.read(LARGEST_BYTES + 1)
    except OSError as error:
        text = (
            "no scan has finished yet" if isinstance(error, FileNotFoundError) else f"can't be read: {error.strerror}"
        )
        raise DoctorError(text, where=path) from error
    if len(raw) > LARGEST_BYTES:
        raise DoctorError(f"larger than {LARGEST_BYTES >> 20} MiB", where=path)
    return raw
