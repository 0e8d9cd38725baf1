"""The difference between a scan and the one before it."""

import time

from msgspec import Struct

from doctor.model.finding import Finding
from doctor.model.severity import Severity

_DAY_S = 86400


class ScanChange(Struct, frozen=True, kw_only=True):
    """Findings by change since an earlier scan. Texts are fingerprints of the later scan's findings; the earlier ones are whole.

    Attributes:
        since: when the earlier scan started, seconds since the epoch; ``None`` without one: nothing is then known, and all is empty.
        new: not there before; those that were gone and returned included.
        returned: those of ``new`` that an earlier scan found.
        worse: there before with a lower severity.
        waived, unwaived: accepted now and not before; accepted before and not now (a waiver ended, or was removed).
        gone: there before, and a complete run of their check does not find them.
        unknown: there before, and their check did not run completely: nothing is known about them now.
        plus: how many are new or no longer waived, without remarks and waived ones.
        minus: how many of ``gone`` are neither remarks nor waived.
    """

    since: float | None = None
    new: tuple[str, ...] = ()
    returned: tuple[str, ...] = ()
    worse: tuple[str, ...] = ()
    waived: tuple[str, ...] = ()
    unwaived: tuple[str, ...] = ()
    gone: tuple[Finding, ...] = ()
    unknown: tuple[Finding, ...] = ()
    plus: int = 0
    minus: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing is new, worse, gone, or waived otherwise than before."""
        return not (self.new or self.worse or self.waived or self.unwaived or self.gone)

    def says(self, now: float) -> str:
        """Return it in a few words; "" without an earlier scan. ``now`` is the start of the later scan.

        >>> ScanChange(since=0, plus=2, minus=1, new=("a", "b")).says(86400 + 60)
        '+2 -1 since yesterday 00:00 UTC'
        >>> ScanChange(since=0, plus=1, worse=("c",), waived=("d",)).says(60)
        '+1, 1 worse, 1 newly waived since today 00:00 UTC'
        >>> ScanChange(since=0).says(3 * 86400), ScanChange().says(0)
        ('no change since 1970-01-01 00:00 UTC', '')
        """
        if self.since is None:
            return ""
        signed = " ".join(f"{sign}{number}" for sign, number in (("+", self.plus), ("-", self.minus)) if number)
        parts = [signed]
        parts.append(f"{len(self.worse)} worse" if self.worse else "")
        parts.append(f"{len(self.waived)} newly waived" if self.waived else "")
        return f"{', '.join(filter(None, parts)) or 'no change'} since {_named(self.since, now)}"


def counts(finding: Finding) -> bool:
    """Whether a finding is counted in ``plus`` and ``minus``."""
    return not finding.waived and finding.level > Severity.INFO


def _named(then: float, now: float) -> str:
    try:
        text = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(then))
    except (ValueError, OverflowError, OSError):
        return "the previous scan"
    days = int(now // _DAY_S) - int(then // _DAY_S)
    word = {0: "today", 1: "yesterday"}.get(days)
    if then > now:
        return "the previous scan, at which the clock was wrong or is now"
    return f"{word}{text[10:]}" if word else text
