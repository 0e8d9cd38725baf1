"""The notifications of a scheduled scan, from its begin to its end."""

import time
from collections.abc import Callable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from doctor.model.errors import DoctorError
from doctor.model.report import HostInfo, ScanReport
from doctor.notify import memory
from doctor.notify.memory import LastScan, Notified
from doctor.notify.news import NewsItem, compare, failed, missed
from doctor.notify.notice import MOST_NEWS, NotedScan, Notice, new_id
from doctor.notify.outboxes import delivered, filled, lost, metrics, named
from doctor.notify.recipients import OF_STATE, Delivery
from doctor.notify.routes import routes_to
from doctor.notify.send import Parcel, deliver
from doctor.state.clock import is_after
from doctor.state.settings import Recipient

_REMIND_DAYS = 7
"""After how many days a scan that can't run is news again: its settings can't be read."""


class Begun(Struct, frozen=True, kw_only=True):
    """The begin of a scheduled scan: the sentence about one that did not run or end, and remarks.

    ``is_killed``: the scan before began and did not end.
    """

    missed: str = ""
    is_killed: bool = False
    is_first: bool = True
    notes: tuple[str, ...] = ()


class EndedScan(Struct, frozen=True, kw_only=True):
    """Remarks (what could not be delivered or recorded), and metrics about the schedule."""

    notes: tuple[str, ...] = ()
    metrics: bytes = b""


class AfterScan(Struct, frozen=True, kw_only=True):
    """A scan that has ended, and what is needed to notify about it.

    Attributes:
        report: redacted.
        page: the file with its HTML page.
        render: renders the scan in a format.
        renamed: former check id → today's; called only if a known check does not exist any more.
        checks: ids of today's checks.
    """

    report: ScanReport
    page: str
    every: str
    remind_days: int
    render: Callable[[str], tuple[bytes, int]]
    renamed: Callable[[], Mapping[str, str]]
    checks: frozenset[str]


def begin(now: float) -> Begun:
    """Record that a scheduled scan begins; return what happened to the one before."""
    is_only = memory.hold_begin()
    notes: list[str] = []
    try:
        with memory.alone():
            found = memory.load(notes)
            if not is_only:
                # Another scheduled scan runs at this moment: it is neither missed nor killed.
                return Begun(is_first=False, notes=tuple(notes))
            says = memory.not_run(found, now)
            problem = memory.save(replace(found, begun=now))
    except DoctorError as error:
        return Begun(notes=(*notes, str(error)))
    if problem:
        notes.append(f"the begin of this scan is not recorded: {problem}")
    return Begun(missed=says, is_killed=bool(says) and bool(found.begun), notes=tuple(notes))


def killed(begun: Begun, host: HostInfo, doctor: str, wanted: tuple[Recipient, ...]) -> Begun:
    """Notify everybody at once of a scan that did not end, as this one may end like it; return what remains for its end."""
    now = time.time()
    # A failed delivery is tried again at the end, and named there.
    _told(host, doctor, wanted, None, lambda found: (found, (missed(begun.missed, now),)))
    return replace(begun, missed="")


def end(scan: AfterScan, begun: Begun, wanted: tuple[Recipient, ...]) -> EndedScan:
    """Notify everybody about a scan. If the record of notifications can't be used, it is left as it is, and everything is news."""
    notes = list(begun.notes)
    with memory.alone():
        found, refused = _remembered(notes)
        jump = memory.clock_note(found, scan.report.started)
        is_old = _is_old(scan.report, found)
        after, news = (found, ()) if is_old else _compared(scan, found, begun)
        routes, unusable = routes_to(wanted)
        notes += [f"a recipient of notifications can't be used: {error}" for error in unusable]
        after = replace(after, outboxes={one.key: filled(found, after, one, news) for one in routes})
        notes += lost(found, after)
        problem = refused or memory.save(after)
        if problem:
            notes.append(f"what is notified can't be recorded, so it will be repeated: {problem}")
        remarks = (*scan.report.notes, *((jump,) if jump else ()), *notes)
        failed: list[str] = []
        # Files of the state come last: they show whether the others were delivered.
        for is_state in (False, True):
            parcels = _parcels(scan, after, [one for one in routes if (one.word in OF_STATE) is is_state], remarks)
            after = _sent(after, parcels)
            after, errors = named(after, parcels)
            failed += errors
        again = memory.save(after) if routes and not problem else ""
        if again:
            notes.append(f"what was delivered can't be recorded, so it will be repeated: {again}")
    return EndedScan(notes=(*notes, *failed), metrics=metrics(after))


def _remembered(notes: list[str]) -> tuple[Notified, str]:
    """Return what is remembered; or nothing, and why the record can't be used: a repetition is better than silence."""
    try:
        return memory.load(notes), ""
    except DoctorError as error:
        # The begin of the scan has met the same error.
        notes[:] = [note for note in notes if note != str(error)]
        return Notified(), str(error)


def _sent(after: Notified, parcels: tuple[Parcel, ...]) -> Notified:
    """Deliver, and return the state after that."""
    boxes = dict(after.outboxes)
    for parcel, result in zip(parcels, deliver(parcels), strict=True):
        key = parcel.delivery.key
        boxes[key] = delivered(boxes[key], parcel, result)
    return replace(after, outboxes=boxes)


def could_not_run(error: str, host: HostInfo, doctor: str, wanted: tuple[Recipient, ...]) -> tuple[str, ...]:
    """Notify everybody that a scheduled scan can't run, once while that lasts; return remarks."""
    now = time.time()

    def change(found: Notified) -> tuple[Notified, tuple[NewsItem, ...]]:
        known, item = failed(found.known or {}, f"scheduled scans can't run: {error}", now, remind_days=_REMIND_DAYS)
        return replace(found, known=known), () if item is None else (item,)

    return _told(host, doctor, wanted, [], change)


def _told(
    host: HostInfo,
    doctor: str,
    wanted: tuple[Recipient, ...],
    notes: list[str] | None,
    change: Callable[[Notified], tuple[Notified, tuple[NewsItem, ...]]],
) -> tuple[str, ...]:
    """Notify everybody without a scan; return remarks. ``change`` returns what is remembered from now on, and the news.

    Without a list of ``notes``, nobody reads the remarks.
    """
    is_read, notes = notes is not None, notes or []
    with memory.alone():
        found, refused = _remembered(notes)
        after, news = change(found)
        every, unusable = routes_to(wanted)
        notes += [f"a recipient of notifications can't be used: {error}" for error in unusable]
        routes = [one for one in every if one.word not in OF_STATE]
        boxes = {one.key: filled(found, after, one, news) for one in routes}
        # News that failed in a night before are tried again in each.
        routes = [one for one in routes if boxes[one.key].waiting]
        if not routes:
            return tuple(notes)
        after = replace(after, outboxes={**found.outboxes, **boxes})
        problem = refused or memory.save(after)
        about = Notice(id="", host=host, doctor=doctor, sent=time.time(), scan=None, notes=tuple(notes))
        parcels = tuple(_parcel(one, after, about) for one in routes)
        after = _sent(after, parcels)
        after, errors = named(after, parcels) if is_read else (after, [])
        problem = problem or memory.save(after)
    notes += [f"what is notified can't be recorded, so it will be repeated: {problem}"] if problem else []
    return (*notes, *errors)


def test(host: HostInfo, doctor: str, wanted: tuple[Recipient, ...]) -> tuple[tuple[str, str], ...]:
    """Send everybody a test and return the recipients with their errors, "" for success."""
    notes: list[str] = []
    routes, unusable = routes_to(wanted)
    parts = tuple(("", str(error)) for error in unusable)
    last = memory.load(notes).last
    scan = None
    if last is not None:
        scan = NotedScan(started=last.started, exit_code=last.exit_code, verdict="", says=last.says, counts={})
    now = time.time()
    parcels = tuple(
        Parcel(
            delivery=route,
            notice=Notice(id=new_id(), host=host, doctor=doctor, sent=now, scan=scan, is_test=True),
        )
        for route in routes
    )
    results = deliver(parcels)
    return (*parts, *((route.shown, result.error) for route, result in zip(routes, results, strict=True)))


def _is_old(report: ScanReport, found: Notified) -> bool:
    """Whether a later scan has ended meanwhile: this one's news are from before it."""
    return (
        found.last is not None and report.started < found.last.started and not is_after(found.last.started, time.time())
    )


def _compared(scan: AfterScan, found: Notified, begun: Begun) -> tuple[Notified, tuple[NewsItem, ...]]:
    report = scan.report
    known = found.known or {}
    is_renamed = any("/" in problem.id and problem.id not in scan.checks for problem in known.values())
    after, news = compare(
        known,
        report,
        remind_days=scan.remind_days,
        renamed=scan.renamed() if is_renamed else {},
    )
    if begun.missed:
        news = (missed(begun.missed, report.started), *news)
    every = found.every or scan.every
    return (
        Notified(
            every=every,
            # The scan that holds the lock began last, and this is the end of it or of one beside it.
            begun=0,
            expected_by=memory.expected_by(every, report.started),
            last=LastScan(started=report.started, exit_code=int(report.exit_code), says=report.verdict.says),
            known=after,
        ),
        news,
    )


def _parcels(scan: AfterScan, after: Notified, routes: list[Delivery], notes: tuple[str, ...]) -> tuple[Parcel, ...]:
    wanted = [one for one in routes if after.outboxes[one.key].waiting or one.word in OF_STATE]
    report, noted = scan.report, NotedScan.of(scan.report, scan.page)
    about = Notice(id="", host=report.host, doctor=report.doctor, sent=time.time(), scan=noted, notes=notes)
    return tuple(replace(_parcel(one, after, about), render=scan.render) for one in wanted)


def _parcel(route: Delivery, after: Notified, about: Notice) -> Parcel:
    """Return what one recipient gets: its news, and what all are sent alike."""
    box = after.outboxes[route.key]
    notice = replace(
        about,
        id=new_id(),
        news=box.waiting[-MOST_NEWS:],
        omitted=box.dropped + max(0, len(box.waiting) - MOST_NEWS),
    )
    return Parcel(delivery=route, notice=notice, extra=metrics(after))
