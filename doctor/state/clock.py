"""Handles wrong clocks: the host's time may have been or be wrong, so order is by number, never by date."""

import time

DAY_S = 86400
_HOUR_S, _MINUTE_S = 3600, 60
_BELIEVED_S = 7 * DAY_S
"""The longest step between two scans that counts as age: a clock jump must not prune anything."""
_SLACK_S = 300
"""The largest step back that counts as a normal clock correction."""
_LONG_S = 365 * DAY_S
_LAST_S = 253_402_300_800


def believable(step_s: float) -> float:
    """Return how much of the time between two scans counts as age.

    >>> believable(3600), believable(-3600), believable(12 * 365 * 86400)
    (3600, 0, 0)
    """
    return step_s if 0 <= step_s <= _BELIEVED_S else 0


def is_time(value: float) -> bool:
    """Whether a number can be a time between 1970 and the year 9999, which every format can show.

    >>> is_time(1_790_000_000.5), is_time(-1.0), is_time(float("nan"))
    (True, False, False)
    """
    return 0 <= value < _LAST_S


def is_after(then: float, now: float) -> bool:
    """Whether a time is in the future of the clock."""
    return then > now + _SLACK_S


def jump(before: float, now: float) -> str:
    """Return the anomaly of the clock since the last scan, "" for none."""
    if is_after(before, now):
        return f"the clock went back: it was {date(before)} at the last backup and is {date(now)} now"
    if now - before > _LONG_S:
        return f"the clock went forward {int((now - before) // DAY_S)} days since the last backup ({date(before)})"
    return ""


def age(then: float, now: float) -> str:
    """Return an age, to be appended to a name.

    >>> age(97, 100), age(0, 7200), age(0, 100_000), age(0, 200_000)
    ('made just now', 'of 2 hours ago', 'of 1 day ago', 'of 2 days ago')
    >>> age(2_147_483_647, 1_790_000_000)
    "saved at 2038-01-19 03:14 UTC, which is later than this host's clock (it was wrong then or is wrong now)"
    """
    if is_after(then, now):
        return f"saved at {date(then)}, which is later than this host's clock (it was wrong then or is wrong now)"
    for size, word in ((DAY_S, "day"), (_HOUR_S, "hour"), (_MINUTE_S, "minute")):
        if now - then >= size:
            count = int((now - then) // size)
            return f"of {count} {word}{'' if count == 1 else 's'} ago"
    return "made just now"


def date(when: float) -> str:
    """Return a time for a reader.

    >>> date(1_790_000_000)
    '2026-09-21 14:13 UTC'
    """
    try:
        return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(when))
    except (ValueError, OverflowError, OSError):
        return f"{when:.0f} s after 1970"
