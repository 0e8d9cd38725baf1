"""``doctor history diff``: what changed from one kept scan to another."""

import time
from collections.abc import Iterable
from typing import Any

from doctor.cli import unseen
from doctor.cli.commands.history import point
from doctor.cli.commands.history.command import fields, print_json, refuse_format, report_of
from doctor.cli.common import SharedOptions, load_catalog, load_settings
from doctor.history.changes import changes
from doctor.history.store import History, KeptScan, Wanted
from doctor.model.change import ScanChange
from doctor.model.errors import DoctorError, UsageError
from doctor.model.exit_code import ExitCode
from doctor.model.finding import Finding
from doctor.model.probe_result import judged
from doctor.model.report import ScanReport
from doctor.model.text import plural, visible

_Groups = tuple[tuple[str, str, tuple[Finding, ...]], ...]


def run(words: tuple[str, ...], host: str, format_name: str, shared: SharedOptions) -> int:
    """Print the difference; return 0, or 3 if scans may be missing.

    Without a word the last two scans of the host are compared, with one word that scan and the last one.
    """
    refuse_format(format_name)
    is_blind = unseen.warn("scans", shared)
    with History() as history:
        older, newer = _chosen(history, words, host)
        before, now = report_of(history, older), report_of(history, newer)
        notes = tuple(history.notes)
    change = changes(before, now, _renamed(before))
    groups = _groups(before, now, change)
    about = _about(before, now)
    if format_name == "json":
        print_json(
            {
                "from": fields(older),
                "to": fields(newer),
                "host_changes": [{"what": what, "before": visible(a), "after": visible(b)} for what, a, b in about],
                **{key: [_entry(one) for one in found] for key, _, found in groups},
            },
            notes,
        )
    elif not shared.quiet:
        print("\n".join(_text(older, newer, about, groups, shared)))
    for note in notes:
        shared.progress(f"note: {note}")
    return ExitCode.INCOMPLETE if is_blind else ExitCode.OK


def _chosen(history: History, words: tuple[str, ...], host: str) -> tuple[KeptScan, KeptScan]:
    now = time.time()
    if len(words) > 1:
        pair = point.one(history, words[0], host, now), point.one(history, words[1], host, now)
    else:
        last = point.one(history, "last", host, now)
        pair = (point.one(history, words[0], host, now) if words else _previous(history, last)), last
    one, other = pair
    if (one.host, one.root) != (other.host, other.root):
        raise UsageError(
            f"scan {one.number} is of {_place(one)} and scan {other.number} of {_place(other)}",
            do="name two scans of one host; 'doctor history list --host NAME' shows them",
        )
    return pair


def _place(one: KeptScan) -> str:
    return f"host {one.host}" if one.root == "/" else f"host {one.host} at {one.root}"


def _previous(history: History, last: KeptScan) -> KeptScan:
    found = history.find(Wanted(host=last.host, root=last.root, last=last.number - 1, limit=1))
    if not found:
        raise DoctorError("only one scan of this host is kept", do="run 'doctor scan' again, then compare")
    return found[0]


def _renamed(before: ScanReport) -> dict[str, str]:
    """Return former ids of checks: asked only if the older scan has one that no check has now."""
    catalog = load_catalog(load_settings())
    ids = {finding.id for finding in before.findings if not finding.id.startswith("probe/")}
    return {} if ids <= catalog.checks.keys() else catalog.renamed()


def _groups(before: ScanReport, now: ScanReport, change: ScanChange) -> _Groups:
    """Return the findings by change: the key in JSON, the heading, and them."""
    by_key = {finding.fingerprint: finding for finding in now.findings}
    ran = judged(before.outcomes, before.probes)
    new = [by_key[key] for key in change.new]
    changed = {*change.new, *change.worse, *change.waived, *change.unwaived}
    return (
        ("new", "New", tuple(one for one in new if one.id in ran)),
        ("found", "Found, and not examined in the earlier scan", tuple(one for one in new if one.id not in ran)),
        ("worse", "Worse", tuple(by_key[key] for key in change.worse)),
        ("unwaived", "No longer waived", tuple(by_key[key] for key in change.unwaived)),
        ("waived", "Waived now", tuple(by_key[key] for key in change.waived)),
        ("gone", "Gone", change.gone),
        ("unknown", "Not examined in the later scan", change.unknown),
        ("same", "Unchanged", tuple(one for one in now.findings if one.fingerprint not in changed)),
    )


def _about(before: ScanReport, now: ScanReport) -> tuple[tuple[str, str, str], ...]:
    """Return what differs about the host and doctor itself, which may explain the rest."""
    pairs = (
        ("engine", before.host.engine, now.host.engine),
        ("kernel", before.host.kernel, now.host.kernel),
        ("os", before.host.os, now.host.os),
        ("doctor", before.doctor, now.doctor),
    )
    return tuple(pair for pair in pairs if pair[1] != pair[2])


def _text(
    older: KeptScan,
    newer: KeptScan,
    about: Iterable[tuple[str, str, str]],
    groups: _Groups,
    shared: SharedOptions,
) -> list[str]:
    result = [f"{newer.host}: scan {older.number} ({_when(older)}) and scan {newer.number} ({_when(newer)})"]
    result += [f"{what}: {a or 'unknown'} before, {b or 'unknown'} after" for what, a, b in about]
    for key, heading, found in groups:
        if key == "same" and found and not shared.verbose:
            result += ["", f"{plural(len(found), 'finding')} unchanged (-v lists them)"]
        elif found:
            result += ["", f"{heading}:", *(_line(one) for one in found)]
    if not any(found for _, _, found in groups):
        result += ["", "no finding in either scan"]
    return list(map(visible, result))


def _line(one: Finding) -> str:
    waived = f": {one.waived}" if one.waived else ""
    return f"  {one.level.word.upper():<9} {one.message} ({one.id}){waived}"


def _when(one: KeptScan) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(one.started))


def _entry(one: Finding) -> dict[str, Any]:
    return {
        "id": one.id,
        "severity": one.level.word,
        "subject": {"kind": one.subject.kind, "name": visible(one.subject.name)},
        "message": visible(one.message),
        "fingerprint": one.fingerprint,
        "waived": visible(one.waived),
    }
