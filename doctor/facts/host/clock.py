"""The host's clock, and records of the engine that are later than it."""

import re
import time
from collections.abc import Iterable

from msgspec import Struct

from doctor.facts.containers.containers import Container

_DAY_S = 86400
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
"""The engine records UTC (Go's RFC 3339), so that moments compare as text."""


class HostClock(Struct, frozen=True, kw_only=True):
    """The host's clock at the time of the scan.

    Attributes:
        now: seconds since the epoch.
        is_synchronized: whether systemd-timesyncd set it from a time server since the boot.
    """

    now: float
    is_synchronized: bool = False

    @property
    def text(self) -> str:
        """Return it in the engine's form, to the second: "2026-03-01T12:00:00Z"."""
        return _text(self.now)

    def later(self, containers: Iterable[Container]) -> tuple[Container, str] | None:
        """Return the container with the latest record, and that moment, if it is a day or more ahead of the clock."""
        limit = _text(self.now + _DAY_S)
        latest = max(((_latest(one), one.name, one) for one in containers), default=None, key=lambda found: found[:2])
        return None if latest is None or latest[0] <= limit else (latest[2], latest[0])


def _latest(container: Container) -> str:
    moments = (container.created, container.state.started_at, container.state.finished_at)
    return max((found[0] + "Z" for one in moments if (found := _MOMENT.match(one))), default="")


def _text(moment: float) -> str:
    try:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))
    except (ValueError, OverflowError, OSError):
        # A clock that the C library can't print is later than every record.
        return "9999-12-31T23:59:59Z"
