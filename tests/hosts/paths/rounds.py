"""The result of one host, whichever judge gave it, and how a host with a wrong verdict is made smaller."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.hosts.paths.host import RandomHost, random_host

DELIVERED, DROPPED, WRONG, UNKNOWN = "delivered", "dropped", "WRONG", "unknown"
PLACED, MISPLACED = "placed", "misplaced"
"""Dropped by a rule that the kernel names too, or by another one."""


@dataclass(slots=True)
class Round:
    """One host judged.

    Attributes:
        refused: changes that the kernel or a tool refused, and why: they are no part of the host.
        counts: how many verdicts had which fate.
        wrong: name of the judged thing → both verdicts in words.
        misplaced: drops, by another rule than the model names.
        reasons: of unknown verdicts.
        lines: every verdict in words.
        error: of the model, if it failed instead of giving a verdict.
    """

    host: RandomHost
    refused: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    wrong: dict[str, str] = field(default_factory=dict)
    misplaced: list[str] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    lines: list[str] = field(default_factory=list)
    error: str = ""

    def add(self, kind: str, name: str, line: str, reason: str) -> None:
        """Count one verdict."""
        self.counts[kind] += 1
        self.lines.append(line)
        if kind == WRONG:
            self.wrong[name] = line
        elif kind == UNKNOWN:
            self.reasons[reason[:160]] += 1


UNSTEADY = "unsteady"
"""Wrong in one of two runs: a busy machine was late, or the host itself changes."""

Judge = Callable[[RandomHost], Round]


def shrunk(found: Round, judge: Judge) -> Round:
    """The same host with as few oddities as still give one of its wrong verdicts."""
    names = set(found.wrong)
    for number, _ in found.host.oddities:
        keep = {other for other, _ in found.host.oddities} - {number}
        smaller = judge(random_host(found.host.seed, keep=keep))
        if names & set(smaller.wrong):
            found = smaller
    return found


def steady(found: Round, judge: Judge) -> Round:
    """Judge a host with wrong verdicts once more: those that are not repeated are counted apart."""
    if found.wrong:
        again = judge(found.host)
        gone = found.wrong.keys() - again.wrong.keys()
        found.counts[UNSTEADY] += len(gone)
        found.counts[WRONG] -= len(gone)
        found.wrong = {name: line for name, line in found.wrong.items() if name not in gone}
    return found
