"""Reasons why a fact is missing."""

from enum import Enum

from msgspec import Struct


class Why(Enum):
    """The kinds of missing. Only the first two are harmless; the others make a scan incomplete (exit 3)."""

    ABSENT = "absent"
    """The host does not have it."""
    UNSUPPORTED = "unsupported"
    """This kind of host can't answer (a mounted disk has no processes)."""
    DENIED = "denied"
    """Doctor lacks the privilege."""
    TIMED_OUT = "timed out"
    """No answer within the timeout: a hung mount, a hung daemon."""
    UNREADABLE = "unreadable"
    """It exists but can't be read: I/O error, or a command's output in an unknown form."""
    UNDECODABLE = "undecodable"
    """A file exists but is not in its writer's format: truncated, bits flipped, too large, a directory in its place.

    For one of the engine's own files that is a finding, not a gap: see ``doctor.scan.undecoded``.
    """


class Missing(Struct, frozen=True):
    """Takes the place of a fact.

    Attributes:
        why: the kind of missing.
        reason: one line for the report, naming the source ("/proc/config.gz: no such file").
        path: of the invalid file, if ``why`` is ``UNDECODABLE``.
    """

    why: Why
    reason: str
    path: str = ""

    @classmethod
    def undecodable(cls, path: str, problem: str) -> "Missing":
        """Return the ``Missing`` for a file that can't be decoded."""
        return cls(Why.UNDECODABLE, f"{path}: {problem}", path)

    @property
    def is_harmless(self) -> bool:
        """Whether a check without this fact is skipped rather than incomplete."""
        return self.why in {Why.ABSENT, Why.UNSUPPORTED}


class HostError(Exception):
    """A read of the host failed; carries the ``Missing``. Collectors let it propagate or decide by ``.missing.why``."""

    def __init__(self, missing: Missing) -> None:
        super().__init__(missing.reason)
        self.missing = missing

    @property
    def is_absent(self) -> bool:
        """Whether it is simply absent."""
        return self.missing.why is Why.ABSENT
