"""Why a fact is not there."""

from enum import Enum

from msgspec import Struct


class Why(Enum):
    """The kinds of missing. Only the first two are harmless; the others make a scan incomplete (exit 3)."""

    ABSENT = "absent"
    """There is no such thing on this host."""
    UNSUPPORTED = "unsupported"
    """This kind of host can't answer (a mounted disk has no processes)."""
    DENIED = "denied"
    """Doctor lacks the privilege."""
    TIMED_OUT = "timed out"
    """No answer within the limit: a hung mount, a hung daemon."""
    UNREADABLE = "unreadable"
    """It is there and can't be read: I/O error, or a command's answer of an unknown form."""
    UNDECODABLE = "undecodable"
    """A file is there and is not what its writer writes: torn, flipped, too large, a directory in its place.

    For one of the engine's own files that is a finding on the file, and no gap: see ``doctor.scan.undecoded``.
    """


class Missing(Struct, frozen=True):
    """Stands where a fact should be.

    Attributes:
        why: the kind of missing.
        reason: one line for the report, naming the source ("/proc/config.gz: no such file").
        path: of the file that is not what it should be, where ``why`` is ``UNDECODABLE``.
    """

    why: Why
    reason: str
    path: str = ""

    @classmethod
    def undecodable(cls, path: str, problem: str) -> "Missing":
        """Return what stands for a fact whose file can't be decoded."""
        return cls(Why.UNDECODABLE, f"{path}: {problem}", path)

    @property
    def is_harmless(self) -> bool:
        """Whether a check without this fact is skipped rather than incomplete."""
        return self.why in {Why.ABSENT, Why.UNSUPPORTED}


class HostError(Exception):
    """A read of the host gave nothing; carries the ``Missing``. Collectors let it pass or decide by ``.missing.why``."""

    def __init__(self, missing: Missing) -> None:
        super().__init__(missing.reason)
        self.missing = missing

    @property
    def is_absent(self) -> bool:
        """Whether there simply is no such thing."""
        return self.missing.why is Why.ABSENT
