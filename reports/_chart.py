"""A chart of earlier scans as inline SVG: a line for each severity over time. It contains numbers only, no text of the host."""

import time
from calendar import timegm
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from msgspec import Struct

from doctor.model.report import HistoryRow, ScanReport
from doctor.model.severity import Severity

from ._words import WORST_FIRST, when

_MOST = 120
# A lane is drawn in these units and stretched to the width of the page; its line keeps its width.
WIDTH = 1000
HEIGHT = 100
_TOP, _BASE = 8, 92
_HOUR, _DAY = 3600, 86400
# Steps of the axis; longer ones are calendar months.
_STEPS = (60, 300, 900, _HOUR, 3 * _HOUR, 6 * _HOUR, 12 * _HOUR, _DAY, 2 * _DAY, 7 * _DAY, 14 * _DAY)
_TICKS = 6
# Scans by hand between the scheduled ones do not make the schedule denser.
_BY_HAND = 50 * 60
# A nightly scan starts up to an hour late; one that is missing doubles the distance.
_LATE = 1.6


class ChartLane(Struct, frozen=True, kw_only=True):
    """The line of one severity: its path with breaks at gaps, the area below it, its dots, its last and its highest number."""

    word: str
    line: str
    area: str
    dots: str
    now: int
    most: int


class ChartTick(Struct, frozen=True, kw_only=True):
    """A date on the axis: its place in percent, and whether a narrow screen leaves it out."""

    place: float
    says: str
    is_minor: bool


class ChartMark(Struct, frozen=True, kw_only=True):
    """A scan on the axis: its place in percent, and its numbers in words."""

    place: float
    says: str


class ChartGap(Struct, frozen=True, kw_only=True):
    """A time without scans: its place and width in units, and its first and last day."""

    x: float
    width: float
    says: str


class Chart(Struct, frozen=True, kw_only=True):
    """Lanes, worst severity first; ``rows`` are the scans, newest first."""

    lanes: tuple[ChartLane, ...]
    marks: tuple[ChartMark, ...]
    ticks: tuple[ChartTick, ...]
    gaps: tuple[ChartGap, ...]
    first: str
    last: str
    rows: tuple[HistoryRow, ...]


def chart(report: ScanReport) -> Chart | None:
    """Return the chart of the latest scans, this one last; ``None`` without earlier scans."""
    if not report.history:
        return None
    now = HistoryRow(
        started=report.started,
        counts={level.word: report.count(level) for level in Severity},
        exit_code=report.exit_code,
    )
    # A clock that was wrong does not fold the line: the order is that of the axis.
    rows = sorted((*report.history[-(_MOST - 1) :], now), key=lambda row: row.started)
    first, last = rows[0].started, rows[-1].started
    span = max(last - first, 1.0)
    places = [(row.started - first) / span * WIDTH for row in rows]
    breaks = gaps([row.started for row in rows])
    return Chart(
        lanes=tuple(_lane(level, rows, places, breaks) for level in WORST_FIRST),
        marks=tuple(
            ChartMark(place=round(x / WIDTH * 100, 2), says=_says(row)) for row, x in zip(rows, places, strict=True)
        ),
        ticks=tuple(_ticks(first, last)),
        gaps=tuple(
            ChartGap(
                x=round(places[index], 1),
                width=round(places[index + 1] - places[index], 1),
                says=f"{when(rows[index].started)} to {when(rows[index + 1].started)}",
            )
            for index in breaks
        ),
        **_ends(when(first).removesuffix(" UTC"), when(last).removesuffix(" UTC")),
        rows=tuple(reversed(rows)),
    )


def _ends(first: str, last: str) -> dict[str, str]:
    """Return the first and the last day, with times for the scans of one day.

    >>> _ends("2026-11-01 08:00", "2026-11-30 08:00"), _ends("2026-11-30 08:00", "2026-11-30 09:30")
    ({'first': '2026-11-01', 'last': '2026-11-30'}, {'first': '2026-11-30 08:00', 'last': '09:30'})
    """
    if first[:10] == last[:10]:
        return {"first": first, "last": last[11:]}
    return {"first": first[:10], "last": last[:10]}


def gaps(times: Sequence[float]) -> list[int]:
    """Return the indexes of the scans after which scans are missing: the next one is far later than usual.

    >>> gaps([0, 24 * 3600, 48 * 3600, 96 * 3600]), gaps([0, 60, 24 * 3600, 48 * 3600]), gaps([0, 90 * 86400])
    ([2], [], [])
    """
    steps = [after - before for before, after in pairwise(times)]
    usual = sorted(step for step in steps if step >= _BY_HAND) or sorted(steps)
    if not usual:
        return []
    limit = usual[(len(usual) - 1) * 3 // 4] * _LATE
    return [index for index, step in enumerate(steps) if step > limit]


def _lane(level: Severity, rows: Sequence[HistoryRow], places: Sequence[float], breaks: Sequence[int]) -> ChartLane:
    numbers = [_count(row, level) for row in rows]
    most = max(numbers)
    heights = [_BASE - number / max(most, 1) * (_BASE - _TOP) for number in numbers]
    line, area, dots = [], [], []
    start = 0
    for end in (*breaks, len(rows) - 1):
        steps = f"M{places[start]:.1f} {heights[start]:.1f}"
        for index in range(start + 1, end + 1):
            # A number holds until the next scan: the line is a step, not a slope.
            steps += f"H{places[index]:.1f}"
            if heights[index] != heights[index - 1]:
                steps += f"V{heights[index]:.1f}"
        if end > start:
            line.append(steps)
            area.append(f"{steps}V{_BASE}H{places[start]:.1f}Z")
        else:
            dots.append(f"{steps}h0")
        start = end + 1
    dots.append(f"M{places[-1]:.1f} {heights[-1]:.1f}h0")
    return ChartLane(
        word=level.word, line="".join(line), area="".join(area), dots="".join(dots), now=numbers[-1], most=most
    )


def _ticks(first: float, last: float) -> list[ChartTick]:
    span = last - first
    step = next((size for size in _STEPS if span / size <= _TICKS), 0)
    found: list[ChartTick] = []
    for at in _moments(first, last, step):
        place = (at - first) / span * 100
        # A label at the edge would be cut off.
        if 4 <= place <= 96:
            moment = time.gmtime(at)
            form = "%-d %b" if step >= _DAY or (step and moment.tm_hour == 0) else "%H:%M" if step else "%b %Y"
            says = time.strftime(form, moment)
            found.append(ChartTick(place=round(place, 2), says=says, is_minor=len(found) % 2 == 1))
    return found


def _moments(first: float, last: float, step: int) -> Iterator[float]:
    """Yield the round times between two: multiples of a step, or for step 0 the beginnings of months."""
    if step:
        # Weeks begin on Monday, and the epoch was a Thursday.
        zero = 4 * _DAY if step >= 7 * _DAY else 0
        at = ((first - zero) // step + 1) * step + zero
        while at < last:
            yield at
            at += step
        return
    months = int((last - first) / (30 * _DAY)) // _TICKS + 1
    year, month = time.gmtime(first)[:2]
    while True:
        month += months
        year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
        at = float(timegm((year, month, 1, 0, 0, 0)))
        if at >= last:
            return
        yield at


def _says(row: HistoryRow) -> str:
    said = ", ".join(f"{_count(row, level)} {level.word}" for level in WORST_FIRST if _count(row, level))
    return f"{when(row.started)}: {said or 'no finding'}"


def _count(row: HistoryRow, level: Severity) -> int:
    # A history of another version may lack a word, or have another type.
    found: Any = row.counts.get(level.word, 0)
    return found if isinstance(found, int) and found > 0 else 0
