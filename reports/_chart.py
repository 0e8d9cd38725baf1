"""A small chart of earlier scans as inline SVG. It contains numbers only, no text of the host."""

from typing import Any

from msgspec import Struct

from doctor.model.report import HistoryRow, ScanReport
from doctor.model.severity import Severity

from ._words import WORST_FIRST, when

# The drawing is SPACE units wide; bars use WIDTH of them, the numbers of the scale the rest.
WIDTH = 700
SPACE = 720
HEIGHT = 108
_BASE = 104
_MOST = 60
_WIDEST = 34.0
# The step of the scale is one of these, so that its lines are at round numbers.
_STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


class Bar(Struct, frozen=True, kw_only=True):
    """One scan: its position, its parts from the bottom up as (severity word, y, height), and its text."""

    x: float
    width: float
    parts: tuple[tuple[str, float, float], ...]
    says: str


class Chart(Struct, frozen=True, kw_only=True):
    """Bars, oldest first, the lines of the scale as (y, number), and the first and last day."""

    bars: tuple[Bar, ...]
    lines: tuple[tuple[float, int], ...]
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
    rows = (*report.history[-(_MOST - 1) :], now)
    highest = max(1, *(sum(_count(row, level) for level in Severity) for row in rows))
    step = next((size for size in _STEPS if highest / size <= 4), highest)
    top = -(-highest // step) * step
    scale = (_BASE - 8) / top
    space = min(WIDTH / len(rows), _WIDEST)
    return Chart(
        bars=tuple(_bar(row, number * space, min(space * 0.78, 26.0), scale) for number, row in enumerate(rows)),
        lines=tuple((round(_BASE - number * scale, 2), number) for number in range(step, top + 1, step)),
        first=when(rows[0].started)[:10],
        last=when(now.started)[:10],
        rows=tuple(reversed(rows)),
    )


def _bar(row: HistoryRow, x: float, width: float, scale: float) -> Bar:
    parts = []
    y = float(_BASE)
    for level in WORST_FIRST:
        height = _count(row, level) * scale
        if height:
            y -= height
            parts.append((level.word, round(y, 2), round(height, 2)))
    said = ", ".join(f"{_count(row, level)} {level.word}" for level in WORST_FIRST if _count(row, level))
    return Bar(
        x=round(x, 2), width=round(width, 2), parts=tuple(parts), says=f"{when(row.started)}: {said or 'no finding'}"
    )


def _count(row: HistoryRow, level: Severity) -> int:
    # A history of another version may lack a word, or have another type.
    found: Any = row.counts.get(level.word, 0)
    return found if isinstance(found, int) and found > 0 else 0
