"""Times of a generated data root: fixed, so that the same seed gives the same bytes."""

import time

_START = 1_767_225_600  # 2026-01-01T00:00:00Z


def at(minutes: int) -> int:
    """Seconds since 1970, that many minutes after the beginning."""
    return _START + 60 * minutes


def stamp(minutes: int) -> str:
    """The same as Docker writes it (RFC 3339 with nanoseconds)."""
    return time.strftime("%Y-%m-%dT%H:%M:%S.123456789Z", time.gmtime(at(minutes)))
