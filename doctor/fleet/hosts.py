"""Assigns reports to hosts, and judges each host by its newest report."""

from collections import defaultdict
from math import inf

import msgspec
from msgspec import Struct

from doctor.fleet.document import host_name
from doctor.fleet.seen import SeenFinding, SeenReport
from doctor.fleet.turns import Turns
from doctor.model.fleet.report import FleetHost
from doctor.model.severity import Severity
from doctor.model.text import plural
from doctor.model.verdict import VerdictState
from doctor.state.clock import date, is_after

HostKey = tuple[str, str]
"""Name and id: two hosts may have one name, and clones have one id."""
_ID_DIGITS = 8
_GAPS = 3
RANK = {
    VerdictState.HEALTHY: 0,
    VerdictState.CLEAR: 1,
    VerdictState.INCOMPLETE: 2,
    VerdictState.PROBLEMS: 3,
}


class HostReports(Struct):
    """The reports of one host that matter.

    Attributes:
        latest: the newest.
        previous: the one before.
        base: the newest from before the time to compare with.
        wide: of the reports of most checks those that ran some which no newer one of them ran, the newest first.
        narrow: the same of the reports of a few checks (``--select``).
        ahead: the newest of a time that this machine's clock has not reached.
        turns: when which boot reported.
        first: the time of the oldest.
        count: how many there are.
    """

    latest: SeenReport | None = None
    previous: SeenReport | None = None
    base: SeenReport | None = None
    wide: tuple[SeenReport, ...] = ()
    narrow: tuple[SeenReport, ...] = ()
    ahead: SeenReport | None = None
    turns: Turns = msgspec.field(default_factory=Turns)
    first: float = inf
    count: int = 0

    @property
    def last(self) -> float:
        """The time of the newest."""
        every = (self.latest, self.ahead, *self.narrow[:1])
        return max((one.started for one in every if one is not None), default=-inf)

    def add(self, seen: SeenReport, *, now: float, since: float | None) -> None:
        """Add a report; the order does not matter."""
        self.count += 1
        self.first = min(self.first, seen.started)
        if is_after(seen.started, now):
            self.ahead = _newer(self.ahead, seen)
            return
        self.turns.add(seen)
        if seen.is_narrow:
            self.narrow = _needed((*self.narrow, seen))
            return
        self.wide = _needed((*self.wide, seen))
        if since is not None and seen.started <= since:
            self.base = _newer(self.base, seen.thin())
        self._order(seen)

    def join(self, other: "HostReports") -> None:
        """Add the reports of the same host under another key."""
        count = self.count + other.count
        for seen in filter(None, (other.previous, other.latest)):
            self._order(seen)
        self.wide = _needed((*self.wide, *other.wide))
        self.narrow = _needed((*self.narrow, *other.narrow))
        self.turns.join(other.turns)
        self.first = min(self.first, other.first)
        for name in ("base", "ahead"):
            found = getattr(other, name)
            if found is not None:
                setattr(self, name, _newer(getattr(self, name), found))
        self.count = count

    def _order(self, seen: SeenReport) -> None:
        if self.latest is None:
            self.latest = seen
        elif seen.started == self.latest.started:
            # One report in two files, or two scans within a second.
            self.latest = _newer(self.latest, seen)
        elif seen.started > self.latest.started:
            self.previous, self.latest = self.latest.thin(), seen
        else:
            self.previous = _newer(self.previous, seen.thin())


class JudgedHost(Struct, frozen=True, kw_only=True):
    """A host with its reports: what is shown, the findings of its newest report, and the report to compare with.

    ``is_mixed``: these may be the reports of two hosts, of which each difference would be shown as news.
    """

    host: FleetHost
    findings: tuple[SeenFinding, ...]
    probes: dict[str, str]
    fail_on: Severity
    versions: dict[str, str]
    earlier: SeenReport | None
    latest: SeenReport
    is_listed: bool
    is_mixed: bool

    @property
    def now_ids(self) -> frozenset[str]:
        """Checks with a finding in the newest report."""
        return self.latest.ids

    def is_comparable(self, identity: str) -> bool:
        """Whether both reports judged a check: else one without its finding proves nothing."""
        return self.earlier is not None and self.earlier.has_judged(identity) and self.latest.has_judged(identity)


def joined(found: dict[HostKey, HostReports]) -> tuple[dict[HostKey, HostReports], list[str]]:
    """Return the reports by host, and notes.

    Reports without an id belong to the only host of their name, if they are all from before it had an id.
    """
    ids: dict[str, list[str]] = defaultdict(list)
    names: dict[str, list[str]] = defaultdict(list)
    for name, identity in found:
        ids[name].append(identity)
        if identity:
            names[identity].append(name)
    notes = []
    for name, known in ids.items():
        other = found[name, next(filter(None, known), "")]
        if len(known) == 2 and "" in known and found[name, ""].last < other.first:
            other.join(found.pop((name, "")))
        elif len(known) > 1:
            notes.append(f"{plural(len(known), 'host')} have the name {host_name(name)}: the id distinguishes them")
    for identity, same in sorted(names.items()):
        if len(same) > 1:
            shown = ", ".join(host_name(name) for name in sorted(same)[:4]) + (", …" if len(same) > 4 else "")
            notes.append(
                f"{shown} have one id ({identity[:_ID_DIGITS]}): clones with one machine id, or one host that was renamed"
            )
    return found, notes


def titles(keys: list[HostKey]) -> dict[HostKey, str]:
    """Return the name of each host for display, with the beginning of its id where the name is not enough."""
    count: dict[str, int] = defaultdict(int)
    for name, _ in keys:
        count[host_name(name)] += 1
    return {
        (name, identity): host_name(name)
        if count[host_name(name)] == 1
        else f"{host_name(name)} (id {identity[:_ID_DIGITS] or 'unknown'})"
        for name, identity in keys
    }


def judged(
    key: HostKey, title: str, reports: HostReports, *, now: float, stale_after: float | None, since: float | None
) -> JudgedHost:
    """Judge a host. A doubt makes it incomplete, unless it has a problem anyway."""
    chosen = reports.latest or next(iter(reports.narrow), reports.ahead)
    assert chosen is not None  # noqa: S101 - a host exists because of a report
    doubts, others = _doubts(reports, chosen)
    oldest = -inf if stale_after is None else now - stale_after
    doubts += _left_out(reports, chosen, oldest)
    if mixed := reports.turns.doubt():
        doubts.insert(0, mixed)
        others += reports.turns.beside(chosen)
    is_stale = chosen.started < oldest
    if is_stale:
        doubts.insert(0, f"stale: its newest report is of {date(chosen.started)}")
    known = {one.brief.fingerprint for one in chosen.findings}
    findings = list(chosen.findings)
    findings += [one for other in others for one in other.findings if one.brief.fingerprint not in known]
    worst = max((seen for seen in (chosen, *others)), key=lambda seen: (RANK[seen.state], seen.worst or 0))
    state = worst.state
    doubts += [*chosen.gaps[:_GAPS], *(["and other reasons"] if len(chosen.gaps) > _GAPS else [])]
    if doubts and state is not VerdictState.PROBLEMS:
        state = VerdictState.INCOMPLETE
    standing = sorted((one.brief for one in findings if not one.is_waived), key=lambda one: (-one.severity, one.id))
    name, identity = key
    host = FleetHost(
        title=title,
        name=host_name(name),
        id=identity,
        state=state,
        says=chosen.says,
        doubts=tuple(doubts),
        stale=is_stale,
        started=chosen.started,
        worst=worst.worst,
        problems=max(seen.problems for seen in (chosen, *others)),
        waived=sum(1 for one in findings if one.is_waived),
        ran=chosen.ran,
        installed=chosen.installed,
        doctor=chosen.versions["doctor"],
        engine=chosen.versions["engine"],
        kernel=chosen.versions["kernel"],
        os=chosen.versions["os"],
        root=chosen.root,
        reports=reports.count,
        file=chosen.file,
        findings=tuple(standing),
    )
    return JudgedHost(
        host=host,
        findings=tuple(findings),
        probes=chosen.probes,
        fail_on=chosen.fail_on,
        versions=chosen.versions,
        earlier=None if mixed else _earlier(reports, since),
        is_mixed=bool(mixed),
        latest=chosen,
        is_listed=not chosen.hidden,
    )


def _earlier(reports: HostReports, since: float | None) -> SeenReport | None:
    """Return the complete list of findings to compare with, ``None`` without one."""
    earlier = reports.previous if since is None else reports.base
    if earlier is None or earlier.hidden or reports.latest is None or reports.latest.hidden:
        return None
    return None if since is not None and reports.latest.started <= since else earlier


def _doubts(reports: HostReports, chosen: SeenReport) -> tuple[list[str], list[SeenReport]]:
    """Return why the chosen report is not the whole truth, and the other reports that count, too."""
    doubts: list[str] = []
    others: list[SeenReport] = []
    if not chosen.ran:
        doubts.append("no check ran")
    elif chosen.is_narrow:
        doubts.append(f"only {chosen.ran} of {chosen.installed} checks ran (--select or --skip)")
    judged: frozenset[str] = frozenset()
    for one in reports.narrow:
        if one is not chosen and (chosen.is_narrow or one.started > chosen.started):
            others += filter(None, (one.without(judged),))
        judged |= one.judged_ids
    if reports.ahead is not None:
        when = date(reports.ahead.started)
        doubts.append(f"a report of it is of {when}, which is later than this clock: remove it if that is wrong")
        if reports.ahead is not chosen:
            others.append(reports.ahead)
    return doubts, others


def _left_out(reports: HostReports, chosen: SeenReport, oldest: float) -> list[str]:
    """Return the doubt about checks that found a problem lately, and that no newer report ran (``--skip``)."""
    if chosen.is_narrow or chosen.ran >= chosen.installed:
        return []
    ran: frozenset[str] = frozenset()
    for one in sorted((*reports.wide, *reports.narrow), key=lambda seen: -seen.started):
        found = {
            two.brief.id for two in one.findings if not two.is_waived and two.brief.severity >= one.fail_on
        } & one.ran_ids
        if one in reports.wide and one is not chosen and found - ran and one.started >= oldest:
            lost = sorted(found - ran)
            more = f" and {len(lost) - _GAPS} more" if len(lost) > _GAPS else ""
            return [f"checks with a problem on {date(one.started)} did not run since: {', '.join(lost[:_GAPS])}{more}"]
        ran |= one.ran_ids
    return []


def _needed(reports: tuple[SeenReport, ...]) -> tuple[SeenReport, ...]:
    """Return the reports that judged something which no newer one of them did, the newest first; of one time, the worse first."""
    kept: list[SeenReport] = []
    judged: frozenset[str] = frozenset()
    for one in sorted(reports, key=lambda seen: (seen.started, RANK[seen.state], seen.problems), reverse=True):
        own = one.judged_ids
        if not kept or not own <= judged:
            kept.append(one)
            judged |= own
    return tuple(kept)


def _newer(one: SeenReport | None, other: SeenReport) -> SeenReport:
    """Return the newer report; of two of the same time, the worse one."""
    if one is None or other.started > one.started:
        return other
    if other.started == one.started:
        return max((one, other), key=lambda seen: (RANK[seen.state], seen.problems))
    return one
