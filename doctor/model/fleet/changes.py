"""Changes on the hosts of a fleet since a time."""

from msgspec import Struct

from doctor.model.severity import Severity
from doctor.model.verdict import VerdictState


class FindingChange(Struct, frozen=True, kw_only=True):
    """A check with the titles of the hosts that have its finding now and not before, of those on which it is gone, and of those
    that had it and were not examined for it again.
    """

    id: str
    severity: Severity
    message: str
    new: tuple[str, ...]
    gone: tuple[str, ...]
    unknown: tuple[str, ...]


class VersionChange(Struct, frozen=True, kw_only=True):
    """A version that hosts changed: of what, from which to which, and their titles."""

    of: str
    before: str
    after: str
    hosts: tuple[str, ...]


class FleetChanges(Struct, frozen=True, kw_only=True):
    """The difference between the newest reports and the last ones from before a time.

    Attributes:
        since: that time (seconds since the epoch).
        compared: how many hosts have a report from before and one from after.
        findings: what is new or gone, worst first.
        versions: the changed versions, the most hosts first.
        worse: hosts with a worse verdict than before: title, verdict before and now.
        better: hosts with a better one.
        appeared: hosts without a report from before.
        silent: hosts without a report from after.
    """

    since: float
    compared: int
    findings: tuple[FindingChange, ...]
    versions: tuple[VersionChange, ...]
    worse: tuple[tuple[str, VerdictState, VerdictState], ...]
    better: tuple[tuple[str, VerdictState, VerdictState], ...]
    appeared: tuple[str, ...]
    silent: tuple[str, ...]
