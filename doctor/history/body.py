"""Encodes and decodes a whole scan report."""

import json
import zlib

import msgspec
from msgspec.structs import replace

from doctor.model.errors import FormatError
from doctor.model.finding import Finding
from doctor.model.report import ManualFix, RepairReport, ScanReport

# A report of 2,000 findings is 2 MB; a larger file is not a report.
_LIMIT_BYTES = 256 << 20


def pack(report: ScanReport) -> bytes:
    """Return the report without its history and without ``detail``, which is for fixers of this very run."""
    plain = replace(
        report,
        history=(),
        findings=_bare(report.findings),
        repair=None if report.repair is None else _bare_repair(report.repair),
    )
    # json escapes the lone surrogates that stand for undecodable bytes of a host; msgspec's own encoder refuses them.
    return zlib.compress(json.dumps(msgspec.to_builtins(plain), separators=(",", ":")).encode("ascii"), 6)


def unpack(data: bytes) -> ScanReport:
    """Return the report. Raises ``FormatError`` for invalid bytes or a report of another version of doctor."""
    try:
        inflate = zlib.decompressobj()
        text = inflate.decompress(data, _LIMIT_BYTES)
        return msgspec.convert(json.loads(text), ScanReport)
    except (zlib.error, ValueError, RecursionError) as error:
        # msgspec.ValidationError and UnicodeDecodeError are ValueErrors.
        raise FormatError(f"can't read a scan of the history: {error}") from error


def _bare(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    return tuple(replace(finding, detail=None) for finding in findings)


def _bare_repair(repair: RepairReport) -> RepairReport:
    return replace(
        repair,
        resolved=_bare(repair.resolved),
        remaining=_bare(repair.remaining),
        manual=tuple(
            ManualFix(finding=replace(item.finding, detail=None), why=item.why, advice=item.advice)
            for item in repair.manual
        ),
    )
