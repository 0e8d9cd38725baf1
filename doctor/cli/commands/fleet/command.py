"""``doctor fleet``: merge the reports of many hosts."""

import re
import time

from msgspec import Struct

from doctor import __version__
from doctor.cli.common import SharedOptions, emit, load_catalog, load_settings
from doctor.fleet.document import time_of
from doctor.fleet.merge import FleetOptions, merge
from doctor.model.declare import CheckDeclaration
from doctor.model.errors import DoctorError, FormatError, UsageError
from doctor.plugins.catalog import Catalog
from doctor.state.clock import is_after

_LIST_BYTES = 16 << 20
_BUNDLE_SECONDS, _BUNDLE_BYTES = 10.0, 256 << 20
"""Limits for the report of one bundle; that of a host of a usual size needs a hundredth."""
_UNITS = {"m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


class FleetWords(Struct, frozen=True, kw_only=True):
    """Options of the command line."""

    places: tuple[str, ...]
    since: str = ""
    stale_after: str = "2d"
    expected: str = ""
    format: str = "text"
    output: str = ""


def run(words: FleetWords, shared: SharedOptions) -> int:
    """Merge and print; return the exit code."""
    now = time.time()
    if not words.places:
        raise UsageError("no report is named", do="name directories or files, as in 'doctor fleet reports/'")
    catalog = load_catalog(load_settings())
    # A mistyped format or time is reported before 10,000 files are read.
    loaded = catalog.report_format(words.format)
    kinds = getattr(loaded.declaration, "of", ())
    if "fleet" not in kinds:
        can = [
            name
            for name in sorted(catalog.formats)
            if "fleet" in getattr(catalog.report_format(name).declaration, "of", ())
        ]
        raise UsageError(f"format '{words.format}' can't show many hosts", do=f"choose one of {', '.join(can)}")
    options = FleetOptions(
        places=words.places,
        since=since(words.since, now) if words.since else None,
        stale_after=stale_after(words.stale_after),
        expected=_expected(words.expected) if words.expected else (),
        now=now,
    )
    report = merge(
        options,
        __version__,
        breaks=lambda identity: _breaks(catalog, identity),
        of_bundle=lambda path: _of_bundle(catalog, path),
    )
    return emit(catalog, report, words.format, words.output, shared)


def since(text: str, now: float) -> float:
    """Return the time of ``--since``: an age, or a date (UTC without a zone)."""
    age = _age(text)
    try:
        found = now - age if age is not None else time_of(text)
    except FormatError:
        raise UsageError(
            f"--since '{text}' is not a time", do="give an age (12h, 7d) or a date (2026-11-23, 2026-11-23T08:00)"
        ) from None
    if is_after(found, now):
        raise UsageError(f"--since '{text}' is in the future", do="give an age (12h, 7d) or an earlier date")
    return found


def stale_after(text: str) -> float | None:
    """Return the seconds of ``--stale-after``, ``None`` for never."""
    if text == "never":
        return None
    age = _age(text)
    if not age:
        raise UsageError(f"--stale-after '{text}' is not a time", do="give an age (36h, 8d), or never")
    return age


def _age(text: str) -> float | None:
    found = re.fullmatch(r"([0-9]{1,6})([mhdw])", text.strip())
    return None if found is None else int(found[1]) * _UNITS[found[2]]


def _expected(path: str) -> tuple[str, ...]:
    """Return the names in a list of hosts: one a line; comments, empty lines and what follows a name are left out."""
    try:
        # A pipe is what a shell makes of <(an inventory's command).
        with open(path, "rb") as file:
            text = file.read(_LIST_BYTES).decode("utf-8", "surrogateescape")
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", "") or str(error)).lower()
        raise DoctorError(f"can't read the list of hosts {path}: {reason}", do="name another --hosts FILE") from error
    names = (line.split("#", 1)[0].split() for line in text.splitlines())
    found = tuple(words[0] for words in names if words)
    if not found:
        raise UsageError(f"the list of hosts {path} is empty", do="name another --hosts FILE, or leave the option out")
    return found


def _of_bundle(catalog: Catalog, path: str) -> bytes:
    """Return the report of the host's own scan in a bundle, as JSON: the checks do not run again. Raises ``FormatError``."""
    from doctor.bundle.limits import bounded
    from doctor.bundle.reading import open_bundle

    try:
        with bounded(path, seconds=_BUNDLE_SECONDS, memory=_BUNDLE_BYTES):
            report = open_bundle(path).report()
            raw: bytes = catalog.report_format("json").function(report)
            return raw
    except DoctorError as error:
        raise FormatError(error.what) from error


def _breaks(catalog: Catalog, identity: str) -> tuple[str, ...]:
    """Return the probes that a check declares to fail; none for a check of a plugin or of another version of doctor."""
    if identity not in catalog.checks:
        return ()
    declaration = catalog.check(identity).declaration
    return declaration.breaks if isinstance(declaration, CheckDeclaration) else ()
