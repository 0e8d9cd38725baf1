"""``doctor history list`` and ``show``."""

import json
import time
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from doctor import __version__
from doctor.cli import unseen
from doctor.cli.commands.history import point
from doctor.cli.common import SharedOptions, emit, load_catalog, load_settings
from doctor.history.store import History, KeptScan, Wanted
from doctor.model.errors import DoctorError, UsageError
from doctor.model.exit_code import ExitCode
from doctor.model.report import ScanReport
from doctor.model.text import visible

_LEVELS = ("critical", "error", "warning", "info")
_MOST = 1_000_000


class ListOptions(Struct, frozen=True, kw_only=True):
    """Options of the command line."""

    host: str = ""
    since: str = ""
    until: str = ""
    limit: int = 20
    format: str = "text"


def list_all(options: ListOptions, shared: SharedOptions) -> int:
    """Print the kept scans, newest first; return 0, or 3 if some may be missing."""
    refuse_format(options.format)
    if options.limit < 0:
        raise UsageError("--limit is negative", do="give a number of scans, or 0 for all")
    chosen = replace(
        point.between(options.since, options.until, time.time()),
        host=options.host,
        limit=min(options.limit, _MOST) or -1,
    )
    is_blind = unseen.warn("scans", shared)
    with History() as history:
        found = history.find(chosen)
        is_empty = not found and not history.notes and not history.find(Wanted(limit=1))
        notes = tuple(history.notes)
    if options.format == "json":
        print_json({"scans": [fields(one) for one in found]}, notes)
    elif not shared.quiet and (found or not notes):
        print("\n".join(lines(found, is_empty=is_empty)))
    for note in notes:
        shared.progress(f"note: {note}")
    return ExitCode.INCOMPLETE if is_blind or notes else ExitCode.OK


def lines(found: tuple[KeptScan, ...], *, is_empty: bool = False) -> list[str]:
    """Return a table of scans; the host's column only if there are several, or a root other than /."""
    if not found:
        return [point.NOTHING if is_empty else "no kept scan matches"]
    has_hosts = len({(one.host, one.root) for one in found}) > 1 or found[0].root != "/"
    rows = [["scan", "when", *(["host"] if has_hosts else []), "result", "change", "findings"]]
    for one in found:
        root = "" if one.root == "/" else f" ({one.root})"
        host = [f"{one.host}{root}"] if has_hosts else []
        rows.append([str(one.number), _when(one.started), *host, one.state or "?", _change(one), _counted(one)])
    widths = [max(map(len, column)) for column in zip(*(map(visible, row) for row in rows), strict=True)]
    return [
        "  ".join(
            visible(cell).rjust(width) if not number else visible(cell).ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _change(one: KeptScan) -> str:
    if one.plus is None or one.minus is None:
        return "?"
    signed = (f"+{one.plus}" if one.plus else "", f"-{one.minus}" if one.minus else "")
    parts = (
        " ".join(filter(None, signed)),
        f"{one.worse} worse" if one.worse else "",
        f"{one.accepted} waived" if one.accepted else "",
    )
    return ", ".join(filter(None, parts)) or "="


def _counted(one: KeptScan) -> str:
    words = [f"{one.counts[word]} {word}" for word in (*_LEVELS, "waived", "incomplete") if one.counts.get(word)]
    return ", ".join(words) or "none"


def _when(started: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(started))


def show(word: str, host: str, format_name: str, output: str, shared: SharedOptions) -> int:
    """Print the report of a kept scan as it was; return 0, or 3 if it may be another one that this user can't read."""
    settings = load_settings()
    is_blind = unseen.warn("scans", shared)
    with History() as history:
        report = report_of(history, point.one(history, word, host, time.time()))
    emit(load_catalog(settings), report, format_name, output, shared)
    return ExitCode.INCOMPLETE if is_blind else ExitCode.OK


def report_of(history: History, kept: KeptScan) -> ScanReport:
    """Return the report of a kept scan, with the scans before it. Raises ``DoctorError`` if it can't be read."""
    found = history.named(kept.number)
    if found is None:
        raise DoctorError(
            "; ".join(history.notes) or f"scan {kept.number} is not kept",
            do="'doctor history list' shows the kept scans",
        )
    # The chart adds the scan itself.
    earlier = history.rows(found.host, before=kept.number)
    return replace(found, history=earlier, notes=(*found.notes, *history.notes))


def refuse_format(name: str) -> None:
    """Raise ``UsageError`` for a format other than text and json."""
    if name not in {"text", "json"}:
        raise UsageError(f"no format '{name}' for this command", do="choose text or json")


def fields(one: KeptScan) -> dict[str, Any]:
    """Return a scan as the JSON format shows it."""
    counts = {word: one.counts.get(word, 0) for word in (*_LEVELS, "pass", "skip", "incomplete", "waived")}
    return {
        "number": one.number,
        "host": visible(one.host),
        "root": visible(one.root),
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(one.started)),
        "verdict": visible(one.state),
        "exit_code": one.exit_code,
        "summary": counts,
        "plus": one.plus,
        "minus": one.minus,
        "worse": one.worse,
        "accepted": one.accepted,
    }


def print_json(document: dict[str, Any], notes: tuple[str, ...]) -> None:
    """Print a document of ``docs/schema/history.schema.json``."""
    head = {"schema_version": "1", "kind": "history", "doctor": __version__}
    print(json.dumps({**head, **document, "notes": [visible(note) for note in notes]}, indent=1))
