"""Severity of a finding, and risk of its repair."""

from enum import IntEnum


class Severity(IntEnum):
    """Severity of a finding; ordered, so that ``--fail-on`` is a comparison."""

    INFO = 1
    """Worth knowing; nothing is broken."""
    WARNING = 2
    """Works today, and will break or is risky."""
    ERROR = 3
    """A requested function does not work."""
    CRITICAL = 4
    """The engine, every container or data is affected."""

    @property
    def word(self) -> str:
        """The name used on the command line, in JSON and in reports."""
        return self.name.lower()

    @classmethod
    def parse(cls, word: str) -> "Severity":
        """Return the severity with this name; ``KeyError`` for any other word."""
        return cls[word.upper()]


class Applicability(IntEnum):
    """Risk of applying a repair; ordered, so that ``--allow`` is a comparison."""

    SAFE = 1
    """Nothing restarts and nothing is lost; reverted by ``doctor undo``."""
    DISRUPTIVE = 2
    """Something restarts (the engine, a container, a link), nothing is lost: choose the moment."""
    DESTRUCTIVE = 3
    """Something that can't be rebuilt is moved into quarantine; ``doctor undo`` restores it."""
    MANUAL = 4
    """Shown, never applied: only a person can decide."""

    @property
    def word(self) -> str:
        """The name used on the command line, in JSON and in reports."""
        return self.name.lower()

    @classmethod
    def parse(cls, word: str) -> "Applicability":
        """Return the applicability with this name; ``KeyError`` for any other word."""
        return cls[word.upper()]
