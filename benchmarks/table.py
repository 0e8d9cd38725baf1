"""Samples as rows of a Markdown table, with ratios inside one run and verdicts on the bars."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.measure import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """The cost of a command: medians of wall and CPU, the tenth and ninetieth percentile of wall, the largest peak RSS."""

    wall_s: float
    wall_p10_s: float
    wall_p90_s: float
    cpu_s: float
    rss_mib: float


def cost(samples: Sequence[Sample]) -> Cost:
    """Sum up the samples of one command; at least one."""
    walls = sorted(sample.wall_s for sample in samples)
    last = len(walls) - 1
    return Cost(
        wall_s=statistics.median(walls),
        wall_p10_s=walls[round(last * 0.1)],
        wall_p90_s=walls[round(last * 0.9)],
        cpu_s=statistics.median(sample.cpu_s for sample in samples),
        rss_mib=max(sample.rss_mib for sample in samples),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A promise about one figure: at most `most` seconds or MiB, at most `most` times another command's figure, or so much more."""

    name: str
    figure: str  # wall_s, cpu_s or rss_mib
    most: float
    times: str = ""
    plus: str = ""

    def verdict(self, costs: Mapping[str, Cost]) -> str:
        """One line that says what was promised, what was measured, and whether it holds."""
        mine = costs.get(self.name)
        other = costs.get(self.times or self.plus)
        if mine is None or ((self.times or self.plus) and other is None):
            return f"- not measured: {self._promise()}"
        value = float(getattr(mine, self.figure))
        base = 0.0 if other is None else float(getattr(other, self.figure))
        shown = value / base if self.times else value - base
        unit = " times" if self.times else {"rss_mib": " MiB"}.get(self.figure, " s")
        return f"- {'met' if shown <= self.most else '**MISSED**'}: {self._promise()}: {_digits(shown)}{unit}"

    def _promise(self) -> str:
        what = {"wall_s": "wall", "cpu_s": "CPU", "rss_mib": "peak RSS"}[self.figure]
        if self.times:
            return f"{what} of `{self.name}` at most {self.most:g} times that of `{self.times}`"
        more = f" more than that of `{self.plus}`" if self.plus else ""
        return f"{what} of `{self.name}` at most {self.most:g} {'MiB' if self.figure == 'rss_mib' else 's'}{more}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One table of the results. `samples` has a reason in words for a command that could not be measured."""

    title: str
    about: str
    samples: Mapping[str, Sequence[Sample] | str]
    bars: Sequence[Bar] = ()
    notes: Sequence[str] = field(default_factory=tuple)

    def costs(self) -> dict[str, Cost]:
        """The cost of each command that was measured."""
        return {name: cost(found) for name, found in self.samples.items() if not isinstance(found, str) and found}

    def markdown(self) -> str:
        """The section as Markdown: the first command is what the ratios are to."""
        costs = self.costs()
        lines = [f"## {self.title}", "", self.about, "", *_table(self.samples, costs), ""]
        lines += [bar.verdict(costs) for bar in self.bars]
        lines += [f"- {note}" for note in self.notes]
        return "\n".join(lines).rstrip() + "\n"


def _table(samples: Mapping[str, Sequence[Sample] | str], costs: Mapping[str, Cost]) -> Iterable[str]:
    yield "| command | wall ms | p10-p90 | ÷ first | CPU ms | ÷ first | peak RSS MiB | n |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    first = next(iter(costs.values()), None)
    for name, found in samples.items():
        if isinstance(found, str):
            yield f"| `{name}` | not measured: {found.replace('|', '/').splitlines()[-1][:160]} | | | | | | |"
            continue
        if first is None:
            continue
        mine = costs[name]
        spread = f"{_ms(mine.wall_p10_s)}-{_ms(mine.wall_p90_s)}"
        wall, cpu = _ratio(mine.wall_s, first.wall_s), _ratio(mine.cpu_s, first.cpu_s)
        yield f"| `{name}` | {_ms(mine.wall_s)} | {spread} | {wall} | {_ms(mine.cpu_s)} | {cpu} | {mine.rss_mib:.0f} | {len(found)} |"


def _ratio(mine: float, other: float) -> str:
    return f"{mine / other:.2f}" if other > 0 else "-"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f}" if seconds < 0.1 else f"{seconds * 1000:.0f}"


def _digits(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
