"""The overall result of a report, computed in one place for every format and the exit code."""

from collections.abc import Container, Iterable
from enum import Enum

from msgspec import Struct
from msgspec.structs import replace

from doctor.model.exit_code import ExitCode
from doctor.model.finding import Finding
from doctor.model.outcome import NEEDS_DEEP, Outcome, Result
from doctor.model.probe_result import ProbeResult
from doctor.model.severity import Severity
from doctor.model.text import plural

_NAMED = 3
_NOT_DEEP = "layers' contents not compared (--deep)"
LADDER = "start"
"""The probe that starts a container through each layer of the host: without its pass, no host is healthy."""
_OPEN = frozenset({Result.ERROR, Result.UNPROVEN})


class VerdictState(Enum):
    """The four possible results of a report."""

    HEALTHY = "healthy"
    """No problem, nothing left out, every test container with something to prove here passed, each layer started one."""
    CLEAR = "clear"
    """No problem was found; not everything was tried."""
    PROBLEMS = "problems"
    """Something is wrong."""
    INCOMPLETE = "incomplete"
    """No problem was found, but something could not be examined or tried."""


_CODES = {VerdictState.PROBLEMS: ExitCode.FOUND, VerdictState.INCOMPLETE: ExitCode.INCOMPLETE}


class Verdict(Struct, frozen=True, kw_only=True):
    """The judgement on one report.

    Attributes:
        says: the summary sentence, with the number of checks that ran if not all did.
        left_out: how many checks of how many ran, if not all did; also part of ``says``.
        unseen: the parts that need root, and the command that covers them; "" otherwise. Shown first.
        worst: severity of the worst problem, ``None`` without one.
        problems: findings at or above ``--fail-on``, hidden ones included.
        waived: findings that the settings accept.
        hidden: findings that a display filter hides; they count in everything else.
        passed, skipped, incomplete: checks by outcome; one with a gap is incomplete, whatever else it found.
        ran: checks that left an outcome.
        installed: checks that exist.
        counted: findings by severity, worst first, and checks, in one line.
    """

    state: VerdictState
    says: str
    exit_code: ExitCode
    left_out: str = ""
    unseen: str = ""
    worst: Severity | None = None
    problems: int = 0
    waived: int = 0
    hidden: int = 0
    passed: int = 0
    skipped: int = 0
    incomplete: int = 0
    ran: int = 0
    installed: int = 0
    counted: str = ""

    @property
    def is_green(self) -> bool:
        """Whether a status light may be green."""
        return self.state in {VerdictState.HEALTHY, VerdictState.CLEAR}

    @property
    def mood(self) -> str:
        """The word that sets the colour of a report: a severity or ``pass``."""
        if self.worst is not None:
            return self.worst.word
        return "pass" if self.is_green else "warning"


class Scope(Struct, frozen=True, kw_only=True):
    """The scope of a scan.

    Attributes:
        installed: how many checks exist; 0 if unknown.
        narrowed: the option that left some out ("--select dns"), "" for none.
        remedy: the command that covers the parts that need root, "" if root would not help.
        unfinished: why the host may be half repaired ("repair 7 is unfinished"), "" if it is not: such a host is never healthy.
        engine: the version of the supposed engine, "" for the host as it is.
        depending: how many checks depend on it.
    """

    installed: int = 0
    narrowed: str = ""
    remedy: str = ""
    unfinished: str = ""
    engine: str = ""
    depending: int = 0


def is_problem(finding: Finding, fail_on: Severity) -> bool:
    """Whether a finding counts against the host."""
    return not finding.waived and finding.level >= fail_on


def judge(
    findings: Iterable[Finding],
    outcomes: Iterable[Outcome],
    *,
    fail_on: Severity,
    probes: tuple[ProbeResult, ...] = (),
    scope: Scope = Scope(),  # noqa: B008 - it is frozen
    hidden: Container[str] = frozenset(),
) -> Verdict:
    """Judge a whole scan, including hidden findings. ``hidden`` holds the fingerprints that a display filter hides."""
    findings, outcomes = tuple(findings), tuple(outcomes)
    standing = [finding for finding in findings if not finding.waived]
    found = [finding.level for finding in standing if is_problem(finding, fail_on)]
    found += [Severity.ERROR] * _unreported(probes, findings)
    below = [finding.level for finding in standing if Severity.INFO < finding.level < fail_on]
    whole = [outcome.result for outcome in outcomes if not outcome.incomplete and outcome.result is not Result.ERROR]
    state = _state(outcomes, probes, scope, has_problems=bool(found), has_more=bool(below))
    verdict = Verdict(
        state=state,
        says="",
        exit_code=_CODES.get(state, ExitCode.OK),
        worst=max(found, default=None),
        problems=len(found),
        waived=len(findings) - len(standing),
        hidden=sum(1 for finding in findings if finding.fingerprint in hidden) if hidden else 0,
        passed=whole.count(Result.PASS),
        skipped=whole.count(Result.SKIP),
        incomplete=len(outcomes) - len(whole),
        ran=len(outcomes),
        installed=max(scope.depending or scope.installed, len(outcomes)),
    )
    begin = _looked(verdict, probes) if found or _has_looked(outcomes) else _nothing(outcomes, scope)
    begin += f"{'; ' if found else ', but '}{scope.unfinished}" if scope.unfinished else ""
    if verdict.is_green:
        begin = _clear(state, standing, below, fail_on) + _accepted(findings)
    if scope.engine:
        begin = f"after an upgrade to engine {scope.engine}: {begin}"
    left_out = _left_out(verdict, scope)
    uncompared = _NOT_DEEP if verdict.is_green and any(one.reason == NEEDS_DEEP for one in outcomes) else ""
    return replace(
        verdict,
        says="; ".join(filter(None, (begin, *tried(probes), left_out, uncompared, _not_shown(verdict)))),
        left_out=left_out,
        unseen=_unseen(verdict, scope),
        counted=_counted(verdict, standing),
    )


def _unreported(probes: tuple[ProbeResult, ...], findings: tuple[Finding, ...]) -> int:
    """Return how many test containers failed without a finding: a finding may be waived, a bare failure may not."""
    failed = {f"probe/{probe.name}-failed" for probe in probes if probe.result is Result.FAIL}
    return len(failed - {finding.id for finding in findings}) if failed else 0


def _state(
    outcomes: tuple[Outcome, ...],
    probes: tuple[ProbeResult, ...],
    scope: Scope,
    *,
    has_problems: bool,
    has_more: bool,
) -> VerdictState:
    results = {probe.result for probe in probes}
    if has_problems:
        return VerdictState.PROBLEMS
    has_gaps = any(outcome.incomplete or outcome.result is Result.ERROR for outcome in outcomes)
    if has_gaps or results & _OPEN or scope.unfinished or not _has_looked(outcomes):
        return VerdictState.INCOMPLETE
    # A skip means that there is nothing to prove here.
    return VerdictState.HEALTHY if _is_proven(probes) and not has_more else VerdictState.CLEAR


def _is_proven(probes: tuple[ProbeResult, ...]) -> bool:
    """Whether a container was started through each layer of the host, and no probe failed, left out a part or has a doubt.

    The finding of a failed one may be waived, but the failure remains.
    """
    results = {probe.name: probe.result for probe in probes}
    if results.get(LADDER) is not Result.PASS or Result.FAIL in results.values():
        return False
    return not any(probe.untried or probe.doubts for probe in probes)


def _has_looked(outcomes: tuple[Outcome, ...]) -> bool:
    """Whether a check produced a result: a skipped one had nothing to judge."""
    return any(outcome.result in {Result.PASS, Result.FAIL} for outcome in outcomes)


def judge_probes(probes: tuple[ProbeResult, ...]) -> Verdict:
    """Judge test containers alone: a failed or untried one is never green, nor is an empty list."""
    results = [probe.result for probe in probes]
    state = VerdictState.CLEAR if Result.PASS in results else VerdictState.INCOMPLETE
    if Result.FAIL in results:
        state = VerdictState.PROBLEMS
    elif _OPEN & set(results):
        state = VerdictState.INCOMPLETE
    return Verdict(
        state=state,
        says="; ".join(tried(probes)) or "no test container was tried",
        exit_code=_CODES.get(state, ExitCode.OK),
        worst=Severity.ERROR if state is VerdictState.PROBLEMS else None,
        problems=results.count(Result.FAIL),
        passed=results.count(Result.PASS),
        skipped=results.count(Result.SKIP),
        incomplete=sum(1 for result in results if result in _OPEN),
        ran=len(results),
        installed=len(results),
    )


def _looked(verdict: Verdict, probes: tuple[ProbeResult, ...]) -> str:
    if verdict.problems and verdict.worst is not None:
        worst = verdict.worst.word
        if verdict.problems == 1:
            return f"1 problem found ({worst})"
        return f"{verdict.problems} problems found, the worst is {worst}"
    if verdict.incomplete:
        return f"no problem found, but {plural(verdict.incomplete, 'check')} could not examine everything"
    if any(probe.result in _OPEN for probe in probes):
        return "no problem found, but not every test container could run"
    return "no problem found"


def _nothing(outcomes: tuple[Outcome, ...], scope: Scope) -> str:
    if not outcomes:
        none = f"none of {plural(scope.installed, 'check')}" if scope.installed else "no check"
        why = f"{scope.narrowed} leaves {none}" if scope.narrowed else f"{none} could be loaded"
        return f"no check ran, so nothing is known about this host: {why}"
    reasons = list(dict.fromkeys(outcome.reason for outcome in outcomes if outcome.reason))
    why = "; ".join(reasons[:_NAMED]) + ("; …" if len(reasons) > _NAMED else "")
    return f"no check could examine anything, so nothing is known about this host: {why or 'no reason was given'}"


def _clear(state: VerdictState, standing: list[Finding], below: list[Severity], fail_on: Severity) -> str:
    begin = "healthy" if state is VerdictState.HEALTHY else "no problem found"
    if below:
        words = [_count(below.count(level), level) for level in sorted(set(below), reverse=True)]
        begin = f"no finding at or above {fail_on.word}, but {', '.join(words)}"
    remarks = sum(1 for finding in standing if finding.level is Severity.INFO)
    return f"{begin}, with {plural(remarks, 'remark')}" if remarks else begin


def _accepted(findings: tuple[Finding, ...]) -> str:
    """Return how many findings are waived and how bad they are: a green verdict must not hide them."""
    levels = [finding.level for finding in findings if finding.waived]
    if not levels:
        return ""
    worst = max(levels).word
    return f", {len(levels)} waived ({worst if len(levels) == 1 else f'the worst is {worst}'})"


def tried(probes: tuple[ProbeResult, ...]) -> list[str]:
    """Return which test containers passed, failed, and were not tried."""
    words = {
        Result.FAIL: "test containers failed",
        Result.ERROR: "test containers could not be tried",
        Result.UNPROVEN: "not proven by test containers",
        Result.PASS: "test containers passed",
        Result.SKIP: "nothing to try for",
    }
    named = {result: [probe.name for probe in probes if probe.result is result] for result in words}
    said = [f"{words[result]}: {', '.join(names)}" for result, names in named.items() if names]
    untried = [one for probe in probes if probe.result is Result.PASS for one in probe.untried]
    doubts = [one for probe in probes if probe.result is Result.PASS for one in probe.doubts]
    return [*said, *([f"not tried: {', '.join(untried)}"] if untried else []), *(f"but {one}" for one in doubts)]


def _left_out(verdict: Verdict, scope: Scope) -> str:
    if not 0 < verdict.ran < verdict.installed:
        return ""
    why = f" ({scope.narrowed})" if scope.narrowed else ""
    return f"only {verdict.ran} of {verdict.installed} checks ran{why}"


def _not_shown(verdict: Verdict) -> str:
    return f"{plural(verdict.hidden, 'known finding')} not shown" if verdict.hidden else ""


def _unseen(verdict: Verdict, scope: Scope) -> str:
    if not scope.remedy or not verdict.incomplete:
        return ""
    return (
        f"doctor does not run as root, so {verdict.incomplete} of {plural(verdict.ran, 'check')} could not examine "
        f"everything: run '{scope.remedy}'"
    )


def _counted(verdict: Verdict, standing: list[Finding]) -> str:
    levels = [finding.level for finding in standing]
    words = [_count(levels.count(level), level) for level in sorted(Severity, reverse=True) if level in levels]
    words += [f"{verdict.waived} waived"] if verdict.waived else []
    words += [f"{verdict.passed} passed", f"{verdict.skipped} skipped"]
    words += [f"{verdict.incomplete} incomplete"] if verdict.incomplete else []
    return ", ".join(words)


def _count(number: int, level: Severity) -> str:
    """Return a number of findings with their severity; "critical" and "info" have no plural."""
    return plural(number, level.word) if level in {Severity.WARNING, Severity.ERROR} else f"{number} {level.word}"
