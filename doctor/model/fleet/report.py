"""The report of a fleet: hosts, findings, versions, outliers."""

from msgspec import Struct

from doctor.model.exit_code import ExitCode
from doctor.model.fleet.changes import FleetChanges
from doctor.model.severity import Applicability, Severity
from doctor.model.verdict import VerdictState

VERSIONS = ("engine", "kernel", "doctor", "os")
"""The versions that a report has, in the order in which they explain a problem."""


class FleetHost(Struct, frozen=True, kw_only=True):
    """One host, judged by its newest report.

    Attributes:
        title: its name for display; with the beginning of its id if several hosts have the name.
        name: the name in the report.
        id: the id in the report, "" if unknown.
        state: the verdict of its report; *incomplete* also if there is a doubt and no problem.
        says: the sentence of the report's verdict.
        doubts: why the report does not show how the host is now, one line each.
        stale: whether the report is older than allowed; also among the doubts.
        started: when it was examined (seconds since the epoch).
        worst: severity of the worst problem, ``None`` without one.
        problems: how many problems the verdict counts.
        waived: findings that the host's settings accept.
        ran, installed: checks that ran, and that exist.
        doctor, engine, kernel, os: versions, "" if unknown.
        root: "/" for a live host, else the directory or bundle that was examined.
        reports: how many reports of it were read.
        file: the file with its newest report.
        findings: its findings without a waiver, worst first.
    """

    title: str
    name: str
    id: str
    state: VerdictState
    says: str
    doubts: tuple[str, ...]
    stale: bool
    started: float
    worst: Severity | None
    problems: int
    waived: int
    ran: int
    installed: int
    doctor: str
    engine: str
    kernel: str
    os: str
    root: str
    reports: int
    file: str
    findings: tuple["HostFinding", ...]


class HostFinding(Struct, frozen=True):
    """A finding of one host in brief: check, severity, message, the kind and name of its subject, and its fingerprint."""

    id: str
    severity: Severity
    message: str
    kind: str
    subject: str
    fingerprint: str


class FleetFinding(Struct, frozen=True, kw_only=True):
    """The findings of one check on all hosts.

    Attributes:
        id: the check.
        severity: the worst.
        message: the commonest message; ``messages`` is how many different ones there are.
        hosts: titles of the hosts with it, by name.
        waived: titles of the hosts on which every such finding is waived.
        stale: how many of ``hosts`` have a stale report.
        is_problem: whether it counts against one of the hosts.
        cannot: what these hosts can't do because of it ("start containers"), "" if unknown.
        is_proven: whether a test container failed because of it; else the check declares it.
        because: checks whose findings explain each of these.
        explains: checks whose findings are explained by these.
        before: how many of the hosts with an earlier report had it then; ``now`` how many of the same hosts have it now.
        only: a version that all these hosts have, and few others: the kind, the version, how many hosts have it.
        since: since when a host has it without a break (seconds since the epoch), and the host that has it longest; ``None`` if no
            host keeps its scans.
        fix: the repair; ``risk`` of it, ``None`` without one.
    """

    id: str
    severity: Severity
    message: str
    messages: int
    hosts: tuple[str, ...]
    waived: tuple[str, ...]
    stale: int
    is_problem: bool
    cannot: str
    is_proven: bool
    because: tuple[str, ...]
    explains: tuple[str, ...]
    before: int
    now: int
    only: tuple[str, str, int] | None
    since: tuple[float, str] | None
    fix: str
    risk: Applicability | None

    @property
    def is_spreading(self) -> bool:
        """Whether more hosts have it than had it in the earlier reports of the same hosts."""
        return self.severity > Severity.INFO and self.now > max(self.before, 1)


class FleetVersion(Struct, frozen=True, kw_only=True):
    """One version of the engine, the kernel, doctor or the system: hosts that have it, and how many of them have problems."""

    of: str
    version: str
    hosts: int
    problems: int


class FleetOutlier(Struct, frozen=True, kw_only=True):
    """A host that differs from those like it.

    Attributes:
        host: its title.
        like: which hosts are like it ("web#, Debian GNU/Linux 13").
        of: how many they are, itself included.
        differences: one line each.
    """

    host: str
    like: str
    of: int
    differences: tuple[str, ...]


class FleetVerdict(Struct, frozen=True, kw_only=True):
    """The result for all hosts: the worst of theirs; *incomplete* if something could not be read and no host has a problem."""

    state: VerdictState
    says: str
    exit_code: ExitCode
    worst: Severity | None

    @property
    def mood(self) -> str:
        """The word that sets the colour of a report: a severity or ``pass``."""
        if self.worst is not None:
            return self.worst.word
        return "pass" if self.state in {VerdictState.HEALTHY, VerdictState.CLEAR} else "warning"


class FleetReport(Struct, frozen=True, kw_only=True):
    """The reports of many hosts merged.

    Attributes:
        started: seconds since the epoch.
        verdict: the result for all.
        hosts: those with problems first, the worst first.
        findings: what a person on call needs first is first; waived ones and remarks last.
        versions: by kind, the most hosts first.
        outliers: hosts that differ from those like them.
        changes: with a time to compare with; else ``None``.
        unread: files that could not be read: path and reason.
        missing: hosts that were expected and have no report.
        notes: further remarks for the reader, one line each.
        read: how many reports were read.
        stale_after: seconds after which a report is stale, ``None`` for never.
    """

    doctor: str
    started: float
    seconds: float
    verdict: FleetVerdict
    hosts: tuple[FleetHost, ...]
    findings: tuple[FleetFinding, ...]
    versions: tuple[FleetVersion, ...]
    outliers: tuple[FleetOutlier, ...]
    changes: FleetChanges | None
    unread: tuple[tuple[str, str], ...]
    missing: tuple[str, ...]
    notes: tuple[str, ...]
    read: int
    stale_after: float | None

    kind = "fleet"

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of the contract."""
        return self.verdict.exit_code

    def count(self, state: VerdictState) -> int:
        """How many hosts have this verdict."""
        return sum(1 for host in self.hosts if host.state is state)
