"""Merges files with reports into one report of all hosts."""

import re
import time
from collections import Counter
from collections.abc import Callable

from msgspec import Struct

from doctor.fleet.changes import changes
from doctor.fleet.content import BundleError, content
from doctor.fleet.document import clean, host_name
from doctor.fleet.files import FoundFiles
from doctor.fleet.findings import by_check
from doctor.fleet.hosts import RANK, HostKey, HostReports, JudgedHost, joined, judged, titles
from doctor.fleet.outliers import outliers
from doctor.fleet.seen import Reducer
from doctor.model.errors import FormatError
from doctor.model.exit_code import ExitCode
from doctor.model.fleet.report import VERSIONS, FleetHost, FleetReport, FleetVerdict, FleetVersion
from doctor.model.severity import Severity
from doctor.model.text import plural
from doctor.model.verdict import VerdictState

_SHOWN = 4
_CODES = {VerdictState.PROBLEMS: ExitCode.FOUND, VerdictState.INCOMPLETE: ExitCode.INCOMPLETE}


class FleetOptions(Struct, frozen=True, kw_only=True):
    """What is merged, and how.

    Attributes:
        places: files and directories.
        since: the time to compare with, in seconds since the epoch.
        stale_after: seconds, ``None`` for never.
        expected: names of the hosts that must have a report.
        now: the time now.
    """

    places: tuple[str, ...]
    since: float | None = None
    stale_after: float | None = None
    expected: tuple[str, ...] = ()
    now: float


def merge(
    options: FleetOptions,
    doctor: str,
    breaks: Callable[[str], tuple[str, ...]],
    of_bundle: Callable[[str], bytes],
) -> FleetReport:
    """Read all reports and merge them; nothing of a file is kept but what is shown.

    Args:
        options: what is merged.
        doctor: the version of this doctor.
        breaks: returns the probes that a check declares to fail.
        of_bundle: returns the JSON report of the scan in a bundle; raises ``FormatError``.
    """
    clock = time.perf_counter()
    files = FoundFiles(unread=[])
    reducer = Reducer()
    found: dict[HostKey, HostReports] = {}
    count = 0
    for path, _ in files.below(options.places):
        try:
            key, seen = reducer(_read(path, of_bundle), path)
        except FormatError as error:
            files.unread.append((path, error.what))
            continue
        count += 1
        found.setdefault(key, HostReports()).add(seen, now=options.now, since=options.since)
    found, notes = joined(found)
    hosts = _judged(found, options)
    missing = _missing(options.expected, hosts)
    findings = by_check(hosts, breaks)
    known = {one.id: (one.severity, one.message) for one in findings}
    unread = tuple((clean(path), clean(reason)) for path, reason in files.unread)
    shown = tuple(one.host for one in hosts)
    return FleetReport(
        doctor=doctor,
        started=options.now,
        verdict=_verdict(shown, len(unread), len(missing)),
        hosts=shown,
        findings=findings,
        versions=_versions(hosts),
        outliers=outliers(hosts),
        changes=None if options.since is None else changes(hosts, options.since, known),
        unread=unread,
        missing=missing,
        notes=(*notes, *_notes(files, found, hosts)),
        read=count,
        stale_after=options.stale_after,
        seconds=round(time.perf_counter() - clock, 3),
    )


def _read(path: str, of_bundle: Callable[[str], bytes]) -> bytes:
    try:
        return content(path)
    except BundleError:
        return of_bundle(path)


def _judged(found: dict[HostKey, HostReports], options: FleetOptions) -> list[JudgedHost]:
    named = titles(list(found))
    hosts = [
        judged(key, named[key], reports, now=options.now, stale_after=options.stale_after, since=options.since)
        for key, reports in found.items()
    ]
    return sorted(hosts, key=_order)


def _order(one: JudgedHost) -> tuple[object, ...]:
    host = one.host
    return -RANK[host.state], -(host.worst or 0), -host.problems, natural(host.title)


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """Return a key that orders ``web2`` before ``web10``.

    >>> sorted(["web10", "web2", "db"], key=natural)
    ['db', 'web2', 'web10']
    """
    pieces = re.findall(r"[0-9]{1,18}|[^0-9]+", text)
    return tuple((0, int(piece), piece) if piece[0] in "0123456789" else (1, 0, piece) for piece in pieces)


def _missing(expected: tuple[str, ...], hosts: list[JudgedHost]) -> tuple[str, ...]:
    have = {one.host.name for one in hosts}
    wanted = dict.fromkeys(host_name(name) for name in expected)
    return tuple(sorted((name for name in wanted if name not in have), key=natural))


def _versions(hosts: list[JudgedHost]) -> tuple[FleetVersion, ...]:
    found = []
    for of in VERSIONS:
        all_of = Counter(one.versions[of] for one in hosts)
        bad = Counter(one.versions[of] for one in hosts if one.host.state is VerdictState.PROBLEMS)
        found += [
            FleetVersion(of=of, version=version, hosts=number, problems=bad[version])
            for version, number in sorted(all_of.items(), key=lambda item: (-item[1], item[0]))
        ]
    return tuple(found)


def _verdict(hosts: tuple[FleetHost, ...], unread: int, missing: int) -> FleetVerdict:
    count = Counter(host.state for host in hosts)
    problems, incomplete = count[VerdictState.PROBLEMS], count[VerdictState.INCOMPLETE]
    worst = max((host.worst or Severity.INFO for host in hosts if host.state is VerdictState.PROBLEMS), default=None)
    state = max(count, key=lambda one: RANK[one], default=VerdictState.INCOMPLETE)
    if state is not VerdictState.PROBLEMS and (unread or missing):
        state = VerdictState.INCOMPLETE
    stale = sum(1 for host in hosts if host.stale)
    said = []
    if problems:
        have = "has" if problems == 1 else "have"
        severity = f", the worst is {worst.word}" if worst is not None else ""
        said.append(f"{problems} of {plural(len(hosts), 'host')} {have} problems{severity}")
    elif not hosts:
        said.append("no report was read, so nothing is known")
    elif incomplete:
        said.append(f"no problem found, but {incomplete} of {plural(len(hosts), 'host')} not examined completely")
    elif state is VerdictState.HEALTHY:
        said.append(f"healthy: {plural(len(hosts), 'host')}")
    else:
        said.append(f"no problem found on {plural(len(hosts), 'host')}")
    if problems and incomplete:
        said.append(f"{incomplete} not examined completely")
    said += [f"{stale} with a stale report"] if stale else []
    said += [f"{plural(missing, 'expected host')} without a report"] if missing else []
    said += [f"{plural(unread, 'file')} could not be read"] if unread else []
    return FleetVerdict(state=state, says="; ".join(said), exit_code=_CODES.get(state, ExitCode.OK), worst=worst)


def _notes(files: FoundFiles, found: dict[HostKey, HostReports], hosts: list[JudgedHost]) -> list[str]:
    notes = []
    if files.others:
        notes.append(f"{plural(files.others, 'file')} of other formats left out (.html, .txt, .prom, …)")
    if files.hidden:
        notes.append(f"{plural(files.hidden, 'hidden file')} left out")
    old = sum(1 for one in hosts if not one.host.id)
    if old:
        notes.append(f"{plural(old, 'host')} without an id: their names alone distinguish them")
    mixed = [one.host.title for one in hosts if one.is_mixed]
    if mixed:
        shown = ", ".join(mixed[:_SHOWN]) + (", …" if len(mixed) > _SHOWN else "")
        notes.append(
            f"reports of {shown} may come from two hosts each, so they are not compared with earlier ones: give a clone a machine id of its own (systemd-machine-id-setup)"
        )
    cut = sum(1 for one in hosts if not one.is_listed)
    if cut:
        notes.append(
            f"reports of {plural(cut, 'host')} list only what changed (--since-last): their other findings are missing here"
        )
    aside = sum(
        1
        for one in found.values()
        if one.narrow and one.latest is not None and one.narrow[0].started > one.latest.started
    )
    if aside:
        notes.append(
            f"the newest report of {plural(aside, 'host')} is of a few checks (--select): the last whole one counts, too"
        )
    return notes
