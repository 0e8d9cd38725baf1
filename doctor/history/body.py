"""Encodes and decodes the whole report of a scan or a repair."""

import json
import zlib
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from doctor.model.errors import FormatError
from doctor.model.finding import Finding
from doctor.model.report import RepairReport, ScanReport
from doctor.state.clock import is_time

# A report of 2,000 findings is 2 MB; a larger file is not a report.
_LIMIT_BYTES = 256 << 20
T = TypeVar("T")


def pack(report: ScanReport) -> bytes:
    """Return the report without its history and without ``detail``, which is for fixers of this very run."""
    plain = replace(
        report,
        history=(),
        findings=_bare(report.findings),
        repairs=(),
        pages={},
    )
    return _packed(plain)


def pack_repair(repair: RepairReport) -> bytes:
    """Return the report of a repair without ``detail``."""
    return _packed(
        replace(
            repair,
            resolved=_bare(repair.resolved),
            remaining=_bare(repair.remaining),
            manual=tuple(replace(item, finding=replace(item.finding, detail=None)) for item in repair.manual),
            pages={},
        )
    )


def _packed(plain: ScanReport | RepairReport) -> bytes:
    # json escapes the lone surrogates that stand for undecodable bytes of a host; msgspec's own encoder refuses them.
    return zlib.compress(json.dumps(msgspec.to_builtins(plain), separators=(",", ":")).encode("ascii"), 6)


def unpack(data: bytes) -> ScanReport:
    """Return the report. Raises ``FormatError`` for invalid bytes or a report of another version of doctor."""
    what = "a scan of the history"
    report = _unpacked(data, ScanReport, what)
    if not is_time(report.started):
        raise FormatError(f"can't read {what}: its start is not a time")
    return report


def unpack_repair(data: bytes) -> RepairReport:
    """Return the report of a repair. Raises ``FormatError`` as ``unpack`` does."""
    return _unpacked(data, RepairReport, "the report of a repair")


def _unpacked(data: bytes, wanted: type[T], what: str) -> T:
    try:
        inflate = zlib.decompressobj()
        text = inflate.decompress(data, _LIMIT_BYTES)
        return msgspec.convert(json.loads(text), wanted)
    except (zlib.error, ValueError, RecursionError) as error:
        # msgspec.ValidationError and UnicodeDecodeError are ValueErrors.
        raise FormatError(f"can't read {what}: {error}") from error


def _bare(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    return tuple(replace(finding, detail=None) for finding in findings)
