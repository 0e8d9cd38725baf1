"""The outcome of a check: silence never counts as a pass."""

from enum import Enum

from msgspec import Struct


class Result(Enum):
    """Every requested check and probe ends in one of these; only a probe can be unproven."""

    PASS = "pass"  # noqa: S105 - the word of the contract, no password
    FAIL = "fail"
    SKIP = "skip"
    ERROR = "error"
    UNPROVEN = "unproven"


NEEDS_DEEP = "runs only with --deep"
"""Why a check was skipped that reads contents."""


class Outcome(Struct, frozen=True, kw_only=True):
    """The outcome of one check.

    Attributes:
        id: the check's id.
        result: pass, fail (it has findings), skip (nothing to look at here), error (it should have run and could not).
        reason: why it was skipped or failed to run; for a pass with gaps, the parts that could not be examined.
        incomplete: whether something could not be examined; makes the scan's exit code 3.
        seconds: wall time of the check itself, without its facts.
    """

    id: str
    result: Result
    reason: str = ""
    incomplete: bool = False
    seconds: float = 0.0
