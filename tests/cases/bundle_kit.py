"""Takes bundles of cases, and builds files that are nearly bundles."""

import hashlib
import random
import zlib
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from doctor.bundle.form import BundleFile, parse
from doctor.bundle.reading import HostBundle
from doctor.bundle.take import TakenBundle, take
from doctor.cli.commands.scan import make_report
from doctor.facts.secrets.redact import redacted
from doctor.host.base import Host
from doctor.model.finding import Finding
from doctor.model.outcome import Outcome
from doctor.model.severity import Severity
from doctor.plugins.load import load
from doctor.scan.noted import NotedFacts
from doctor.scan.run import Scan, scan
from doctor.state.settings import Settings
from tests.cases.case import Case

CATALOG = load()
IDS = CATALOG.choose((), ())


def scanned(host: Host) -> Scan:
    """Return the scan of a host with all checks, as ``doctor bundle`` makes it."""
    return scan(host, CATALOG, IDS, facts=NotedFacts(host))


def taken(host: Host, found: Scan) -> TakenBundle:
    """Return the bundle of a host, without plans."""
    report = make_report(host, found, Settings(), CATALOG, started=host.now(), seconds=0.0, fail_on=Severity.WARNING)
    return take(found, CATALOG, report=report, plans={}, is_root=True)


def of_case(case: Case, where: Path) -> tuple[Scan, TakenBundle]:
    """Return the scan and the bundle of a case."""
    host = case.build(where)
    found = scanned(host)
    return found, taken(host, found)


def opened(raw: bytes) -> HostBundle:
    """Return a bundle in memory."""
    return HostBundle("/x.bundle", parse(raw, "/x.bundle"))


def result(found: Scan) -> tuple[list[Finding], list[Outcome]]:
    """Return what a report shows of a scan, without durations."""
    return (
        [redacted(replace(one, detail=None)) for one in found.findings],
        [redacted(replace(one, seconds=0.0)) for one in found.outcomes],
    )


def unpacked(raw: bytes) -> bytes:
    """Return a bundle's bytes without compression."""
    return zlib.decompress(raw, 31)


def packed(content: bytes) -> bytes:
    """Compress bytes as a bundle is."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return packer.compress(content) + packer.flush()


def forged(file: BundleFile, contents: dict[str, bytes] | None = None, **changes: Any) -> bytes:
    """Return a bundle with other contents and a list that fits them, or has these ``changes``."""
    found = {name: bytes(content) for name, content in file.contents.items()} | (contents or {})
    parts = tuple(
        replace(one, bytes=len(found[one.name]), sha256=hashlib.sha256(found[one.name]).hexdigest())
        for one in file.listed.parts
    )
    listed = msgspec.to_builtins(replace(file.listed, parts=parts)) | changes
    return packed(msgspec.json.encode(listed) + b"\n" + b"".join(found[one.name] for one in parts))


_ODD = (
    0,
    -1,
    2**63 - 1,
    -(2**63),
    "",
    "<script>alert(1)</script>",
    "\x00",
    "../../etc/passwd",
    "9" * 50,
    "::",
    "0.0.0.0/0",
)


def twisted(value: object, chance: random.Random) -> object:
    """Return a value of the same types that no collector returns: huge numbers, empty texts, markup, lists twice or empty."""
    if isinstance(value, dict):
        return {key: twisted(item, chance) for key, item in value.items()}
    if isinstance(value, list):
        return [twisted(item, chance) for item in value] * chance.choice((1, 1, 1, 1, 2, 0))
    if type(value) in {int, str} and chance.random() < 0.1:
        return chance.choice([one for one in _ODD if type(one) is type(value)])
    return value
