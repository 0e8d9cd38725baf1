"""Input of report formats: everything they may show, with nothing left to look up."""

from typing import Any

from msgspec import Struct

from doctor.model.change import ScanChange
from doctor.model.declare import CheckPage
from doctor.model.exit_code import ExitCode
from doctor.model.finding import Evidence, Finding
from doctor.model.outcome import Outcome, Result
from doctor.model.plan_verdict import judge_plan
from doctor.model.probe_result import LastProof, ProbeResult
from doctor.model.severity import Applicability, Severity
from doctor.model.verdict import Scope, Verdict, judge, judge_probes


class HostInfo(Struct, frozen=True, kw_only=True):
    """The host that was examined.

    Attributes:
        name: host name, or the directory's for a mounted root.
        kernel: release as ``uname -r`` prints it, "" if unknown.
        root: "/" for the live host, else the directory or bundle examined.
        os: PRETTY_NAME of os-release, "" if unknown.
        engine: version of the Docker Engine, "" if unknown.
        is_bundle: whether only the facts of a bundle were examined.
        id: derived from the machine id (``doctor.formats.host.machine_id``), "" if unknown.
        boot: derived in the same way from the id of its kernel's boot, "" if unknown.
    """

    name: str
    kernel: str = ""
    root: str = "/"
    os: str = ""
    engine: str = ""
    id: str = ""
    boot: str = ""
    is_bundle: bool = False


class HistoryRow(Struct, frozen=True, kw_only=True):
    """An earlier scan of the same host: when (seconds since the epoch) and how many findings of each severity."""

    started: float
    counts: dict[str, int]
    exit_code: int


class ScanReport(Struct, frozen=True, kw_only=True):
    """One complete scan.

    Attributes:
        started: seconds since the epoch.
        findings: worst first, causes before their symptoms; waived ones included, last.
        outcomes: one per requested check, sorted by id.
        probes: results when test containers were launched.
        history: earlier scans, oldest first.
        ok: check id → its line for a pass.
        fail_on: the least severity that counts against the host.
        scope: how many checks exist, and the option that left some out.
        hidden: fingerprints of findings that a display filter (``--since-last``) hides; they stay among ``findings``,
            and the verdict and every metric count them.
        change: the difference from the scan before; ``None`` if this scan is not kept.
        repairs: repairs of the day before, oldest first, where the report is about more than this scan.
        pages: check id → its page, for formats that show pages.
        notes: further remarks for the reader, one line each (a waiver that expired, a history that can't be kept).
    """

    host: HostInfo
    doctor: str
    started: float
    seconds: float
    findings: tuple[Finding, ...]
    outcomes: tuple[Outcome, ...]
    probes: tuple[ProbeResult, ...] = ()
    history: tuple[HistoryRow, ...] = ()
    ok: dict[str, str]
    fail_on: Severity = Severity.WARNING
    scope: Scope = Scope()
    hidden: tuple[str, ...] = ()
    change: ScanChange | None = None
    repairs: "tuple[RepairReport, ...]" = ()
    pages: dict[str, CheckPage] = {}
    notes: tuple[str, ...] = ()

    kind = "scan"

    @property
    def verdict(self) -> Verdict:
        """The overall result."""
        return judge(
            self.findings,
            self.outcomes,
            fail_on=self.fail_on,
            probes=self.probes,
            scope=self.scope,
            hidden=frozenset(self.hidden),
        )

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of the contract."""
        return self.verdict.exit_code

    @property
    def shown(self) -> tuple[Finding, ...]:
        """The findings that a display filter does not hide."""
        if not self.hidden:
            return self.findings
        return tuple(finding for finding in self.findings if finding.fingerprint not in self.hidden)

    def count(self, severity: Severity) -> int:
        """How many findings that are not waived have this severity."""
        return sum(1 for finding in self.findings if finding.level is severity and not finding.waived)


class PlannedAction(Struct, frozen=True, kw_only=True):
    """An action as a plan shows it.

    Attributes:
        number: from 1, in the order of applying.
        summary: its effect.
        risk: the worse of the fixer's and the action's.
        fixes: fingerprints of the findings it repairs; empty for actions that the plan adds (stop and start of an
            engine).
        check_ids: ids of those findings.
        diff: a unified diff, or one line per change that is not text.
        result: "" in a plan; after applying: "done", "failed: …", "not reached", "rolled back", "not
            rolled back: …".
    """

    number: int
    summary: str
    risk: Applicability
    fixes: tuple[str, ...]
    check_ids: tuple[str, ...]
    diff: str
    result: str = ""


class Candidate(Struct, frozen=True, kw_only=True):
    """One of several answers to a question: its name, the evidence for it, and the option that selects it."""

    name: str
    evidence: tuple[Evidence, ...]
    option: str


class Question(Struct, frozen=True, kw_only=True):
    """A decision that the host's data does not settle: the text without a question mark, and the candidates."""

    text: str
    candidates: tuple[Candidate, ...]


class ManualFix(Struct, frozen=True, kw_only=True):
    """A finding for manual repair, or with a repair above the allowed risk: what to do, and why doctor does not.

    ``questions``: decisions after which doctor could repair it, fully or in part. ``needs``: the ``--allow`` with which
    doctor would repair it, ``None`` if no option suffices.
    """

    finding: Finding
    why: str
    advice: str
    questions: tuple[Question, ...] = ()
    needs: Applicability | None = None


class PlanReport(Struct, frozen=True, kw_only=True):
    """Plan of a repair.

    Attributes:
        actions: in order.
        risk: the worst of them, ``None`` for an empty plan.
        manual: findings the plan does not repair.
        resolves: findings that it would resolve.
        remaining: findings predicted to remain.
        before: the verdict on the host now: an empty plan after an incomplete scan does not mean a healthy host.
        probes: names of the probes that will prove it.
        proof: the last test containers of this host, where the plan is empty; ``None`` if no kept scan tried any.
        command: the command that applies it, with all options ("doctor fix --deep --apply").
        pages: check id → its page, for formats that show pages.
    """

    host: HostInfo
    doctor: str
    started: float
    seconds: float
    actions: tuple[PlannedAction, ...]
    risk: Applicability | None
    manual: tuple[ManualFix, ...]
    resolves: tuple[Finding, ...]
    remaining: tuple[Finding, ...]
    before: Verdict
    probes: tuple[str, ...]
    proof: LastProof | None = None
    command: str = "doctor fix --apply"
    pages: dict[str, CheckPage] = {}

    kind = "plan"

    @property
    def heading(self) -> str:
        """The words above the command that applies it: the plan of a bundle is for another machine."""
        return f"To apply this plan, on {self.host.name}" if self.host.is_bundle else "To apply this plan"

    @property
    def verdict(self) -> Verdict:
        """The overall result."""
        is_left = any(finding.level > Severity.INFO for finding in self.remaining if not finding.waived)
        return judge_plan(
            self.before,
            steps=len(self.actions),
            resolves=len(self.resolves),
            is_left=is_left,
            option=_option(self.manual),
            can_try=self.host.root == "/",
            proof=self.proof,
        )

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of the contract, for the host as it is."""
        return self.verdict.exit_code


def _option(manual: tuple[ManualFix, ...]) -> str:
    """Return the option with which doctor would repair something of these, "" for none: the least ``--allow``, or an answer."""
    needs = [one.needs for one in manual if one.needs is not None]
    if needs:
        return f"--allow {min(needs).word}"
    return "an answer (--choose)" if any(one.questions for one in manual) else ""


class HalfDone(Struct, frozen=True, kw_only=True):
    """One thing that a failed repair changed, or may have changed, and that could not be rolled back.

    Attributes:
        action: the number of the action that changed it.
        what: the path or command.
        why: the reason it could not be rolled back.
        original: the place of the original, or its description.
        do: the next command.
    """

    action: int
    what: str
    why: str
    original: str
    do: str


class RepairReport(Struct, frozen=True, kw_only=True):
    """Result of a repair.

    Attributes:
        run: its id, for ``doctor undo``.
        actions: each with its result.
        probes: the proof.
        resolved: findings that no longer exist.
        remaining: findings that exist now.
        rolled_back: whether the repair failed and all its changes were undone.
        half_done: changes that could not be rolled back after a failure; ``rolled_back`` is then false.
        error: what failed, "" on success.
        notes: what happened to the repair later, one line each (it was undone).
        pages: check id → its page, for formats that show pages.
    """

    run: str
    host: HostInfo
    doctor: str
    started: float
    seconds: float
    actions: tuple[PlannedAction, ...]
    probes: tuple[ProbeResult, ...]
    resolved: tuple[Finding, ...]
    remaining: tuple[Finding, ...]
    manual: tuple[ManualFix, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    rolled_back: bool = False
    half_done: tuple[HalfDone, ...] = ()
    error: str = ""
    exit_code: int = 0
    notes: tuple[str, ...] = ()
    pages: dict[str, CheckPage] = {}

    kind = "repair"


class ProbeReport(Struct, frozen=True, kw_only=True):
    """Results of test containers alone."""

    host: HostInfo
    doctor: str
    started: float
    seconds: float
    probes: tuple[ProbeResult, ...]

    kind = "probe"

    @property
    def verdict(self) -> Verdict:
        """The overall result."""
        return judge_probes(self.probes)

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of the contract."""
        return self.verdict.exit_code


Report = ScanReport | PlanReport | RepairReport | ProbeReport


def summary(report: ScanReport) -> dict[str, Any]:
    """Return the counts of the JSON contract: open findings by severity, then checks, then waived and hidden
    findings.
    """
    verdict = report.verdict
    counts: dict[str, Any] = {level.word: report.count(level) for level in sorted(Severity, reverse=True)}
    return counts | {
        "pass": sum(1 for outcome in report.outcomes if outcome.result is Result.PASS),
        "skip": sum(1 for outcome in report.outcomes if outcome.result is Result.SKIP),
        "incomplete": verdict.incomplete,
        "waived": verdict.waived,
        "hidden": verdict.hidden,
    }
