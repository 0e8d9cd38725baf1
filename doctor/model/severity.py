"""How bad a finding is, and what its repair may cost."""

from enum import IntEnum


class Severity(IntEnum):
    """How bad a finding is; ordered, so that ``--fail-on`` is a comparison."""

    INFO = 1
    """Worth knowing; nothing is broken."""
    WARNING = 2
    """Works today, and will break or is risky."""
    ERROR = 3
    """Something a user asked for does not work."""
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
    """What applying a repair may cost the host; ordered, so that ``--allow`` is a comparison."""

    SAFE = 1
    """Nothing restarts and nothing is lost: applied without a second thought, taken back by ``doctor undo``."""
    DISRUPTIVE = 2
    """Something restarts (the engine, a container, a link), nothing is lost: choose the moment."""
    DESTRUCTIVE = 3
    """Something that can't be rebuilt goes out of service, into quarantine: ``doctor undo`` brings it back."""
    MANUAL = 4
    """Shown, never applied: only a person can know what is right here."""

    @property
    def word(self) -> str:
        """The name used on the command line, in JSON and in reports."""
        return self.name.lower()

    @classmethod
    def parse(cls, word: str) -> "Applicability":
        """Return the applicability with this name; ``KeyError`` for any other word."""
        return cls[word.upper()]
