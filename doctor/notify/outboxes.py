"""The outboxes of recipients: filled by a scan, emptied by a delivery, and what is said of one that can't be delivered."""

import time

from msgspec.structs import replace

from doctor.model.severity import Severity
from doctor.notify.memory import MOST_WAITING, Notified, Outbox
from doctor.notify.news import NewsItem
from doctor.notify.recipients import OF_STATE, Delivery
from doctor.notify.send import Delivered, Parcel


def filled(found: Notified, after: Notified, route: Delivery, news: tuple[NewsItem, ...]) -> Outbox:
    """Return a recipient's outbox with the news. One that is new receives all that is known."""
    box = found.outboxes.get(route.key)
    if box is None and found.known is not None:
        missing = [one for one in news if one.change == "missed"]
        whole = [NewsItem(change="new", problem=one, found=one.since) for one in (after.known or {}).values()]
        news = (*missing, *sorted(whole, key=lambda one: -one.problem.severity))
    least = Severity.parse(route.given.least) if route.given.least else Severity.INFO
    wanted = tuple(one for one in news if one.concerns(least))
    box = box or Outbox(shown=route.shown)
    # A file of the state has no news to wait for.
    waiting = () if route.word in OF_STATE else (*box.waiting, *wanted)
    over = max(0, len(waiting) - MOST_WAITING)
    is_named = box.is_named and not wanted
    return replace(box, waiting=waiting[over:], dropped=box.dropped + over, is_named=is_named)


def delivered(box: Outbox, parcel: Parcel, result: Delivered) -> Outbox:
    """Return an outbox after a delivery: empty, or with the error."""
    now = time.time()
    if not result.done:
        return replace(box, tried=now, error=result.error, failures=box.failures + 1)
    what = "state of the scan" if parcel.delivery.word in OF_STATE else parcel.notice.subject()
    return Outbox(shown=box.shown, delivered=now, what=what, tried=now, error=result.error)


def named(after: Notified, parcels: tuple[Parcel, ...]) -> tuple[Notified, list[str]]:
    """Return what could not be delivered, with what it says, as cron mails that; news are named once, not at each attempt."""
    boxes, errors = dict(after.outboxes), []
    for parcel in parcels:
        key, shown = parcel.delivery.key, parcel.delivery.shown
        box = boxes[key]
        if not box.error or box.is_named:
            continue
        boxes[key] = replace(box, is_named=True)
        kept = f"; it is kept for the next scan: {parcel.notice.subject()}" if box.waiting else ""
        errors.append(f"notification of {shown} failed: {box.error}{kept}")
    return replace(after, outboxes=boxes), errors


def lost(found: Notified, after: Notified) -> list[str]:
    """Return which news nobody will receive any more."""
    boxes = ((box, found.outboxes.get(key)) for key, box in after.outboxes.items())
    lost = ((box, box.dropped - (0 if old is None else old.dropped)) for box, old in boxes)
    return [
        f"notification of {box.shown}: the oldest of its news are dropped, as more than {MOST_WAITING} wait: {number}"
        for box, number in lost
        if number > 0
    ]


def metrics(after: Notified) -> bytes:
    """Return the metrics that show a scan that does not run, and notifications that are not delivered."""
    waiting = sum(1 for box in after.outboxes.values() if box.failures)
    lines = [
        "# HELP doctor_scan_expected_by_timestamp_seconds When the next scheduled scan must have ended; later, scans have stopped.",
        "# TYPE doctor_scan_expected_by_timestamp_seconds gauge",
        f"doctor_scan_expected_by_timestamp_seconds {after.expected_by:.10g}",
        "# HELP doctor_notifications_failing Recipients whose last notification failed and is kept.",
        "# TYPE doctor_notifications_failing gauge",
        f"doctor_notifications_failing {waiting}",
    ]
    return ("\n".join(lines) + "\n").encode() if after.expected_by else ("\n".join(lines[3:]) + "\n").encode()
