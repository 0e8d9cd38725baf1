"""What became of a check: silence is never green."""

from enum import Enum

from msgspec import Struct


class Result(Enum):
    """Every check and probe that was asked for ends in one of these; only a probe can be unproven."""

    PASS = "pass"  # noqa: S105 - the word of the contract, no password
    FAIL = "fail"
    SKIP = "skip"
    ERROR = "error"
    UNPROVEN = "unproven"


NEEDS_DEEP = "runs only with --deep"
"""Why a check was skipped that reads contents."""


class Outcome(Struct, frozen=True, kw_only=True):
    """The end of one check.

    Attributes:
        id: the check's id.
        result: pass, fail (it has findings), skip (nothing to look at here), error (it should have run and could not).
        reason: for skip and error, why; for a pass with gaps, what could not be looked at.
        incomplete: whether something that should have been looked at was not; makes the scan's exit code 3.
        seconds: wall time of the check's own judgement, its facts excluded.
    """

    id: str
    result: Result
    reason: str = ""
    incomplete: bool = False
    seconds: float = 0.0
