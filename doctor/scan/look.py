"""Looks with one check: it has an outcome whatever happens, and is imported only if its facts are there."""

import time
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from doctor.model.declare import CheckDeclaration
from doctor.model.errors import DoctorError, UsageError
from doctor.model.finding import Finding
from doctor.model.missing import Missing, Why
from doctor.model.outcome import NEEDS_DEEP, Outcome, Result
from doctor.model.severity import Severity
from doctor.plugins.catalog import Catalog
from doctor.plugins.catalog_entry import Loaded
from doctor.scan import open_cuts
from doctor.scan.asked import table
from doctor.scan.resolve import Facts, located
from doctor.scan.undecoded import judges_undecoded

LATER = "it runs after the others"


class CheckLook(Struct, frozen=True, kw_only=True):
    """The result of one check.

    Attributes:
        ok: its line for a pass.
        declaration: ``None`` if the check was not or could not be loaded.
        gaps: what it could not examine.
        is_late: whether it judges undecoded files, and has not run yet.
        stage: when it runs: 0 with the others, later if it judges what they leave open.
    """

    outcome: Outcome
    findings: tuple[Finding, ...] = ()
    ok: str = ""
    declaration: CheckDeclaration | None = None
    gaps: tuple[Missing, ...] = ()
    is_late: bool = False
    stage: int = 0

    @property
    def is_suspect(self) -> bool:
        """Whether it has findings: facts of different age may cause them, if the engine changed something meanwhile.

        The same applies to an undecoded file. Contents that ``--deep`` reads are not read twice.
        """
        is_deep = self.declaration is not None and self.declaration.deep
        torn = any(gap.why is Why.UNDECODABLE for gap in self.gaps)
        return not is_deep and (torn or any(finding.level >= Severity.WARNING for finding in self.findings))

    def confirmed(self, later: "CheckLook") -> "CheckLook":
        """Return a later result, without findings that this one lacks: those were not seen twice."""
        known = {finding.fingerprint for finding in self.findings}
        left = tuple(finding for finding in later.findings if finding.fingerprint in known)
        outcome = later.outcome
        if outcome.result is Result.FAIL and not left:
            outcome = replace(outcome, result=Result.PASS)
        return replace(later, findings=left, outcome=outcome)


def examine(identity: str, catalog: Catalog, facts: Facts, *, deep: bool, late: bool = False) -> CheckLook:
    """Run a check; ``late`` runs one that waits for the others."""
    try:
        skipped = _skipped(identity, catalog, facts, deep=deep, late=late)
        if skipped is not None:
            return skipped
        check = catalog.check(identity)
    except Exception as error:  # noqa: BLE001 - boundary 2 of 3: a check that can't be loaded is an outcome
        reason = str(error) if isinstance(error, DoctorError) else located(error)
        return CheckLook(outcome=Outcome(id=identity, result=Result.ERROR, reason=reason, incomplete=True))
    declaration = check.declaration
    if not isinstance(declaration, CheckDeclaration):
        return CheckLook(outcome=Outcome(id=identity, result=Result.ERROR, reason="it is not a check", incomplete=True))
    if not late and judges_undecoded(check.function):
        outcome = Outcome(id=identity, result=Result.SKIP, reason=LATER)
        return CheckLook(outcome=outcome, declaration=declaration, is_late=True)
    stage = open_cuts.stage_of(check.function)
    if not late and stage:
        outcome = Outcome(id=identity, result=Result.SKIP, reason=LATER)
        return CheckLook(outcome=outcome, declaration=declaration, stage=stage)
    outcome, found, gaps = _run(check, declaration, facts, deep=deep)
    return CheckLook(
        outcome=outcome,
        findings=_with_fixes(found, catalog, facts),
        ok=declaration.ok or check.summary,
        declaration=declaration,
        gaps=gaps,
        stage=stage,
    )


def _skipped(identity: str, catalog: Catalog, facts: Facts, *, deep: bool, late: bool) -> CheckLook | None:
    """Return the result of a check that is skipped or waits, if that is known without importing it."""
    entry = catalog.checks.get(identity)
    asked = None if entry is None or entry.plugin else table().check(identity)
    if entry is None or asked is None:
        return None
    stage, missing = open_cuts.stage_by(asked.facts), None
    if asked.is_deep and not deep:
        outcome = Outcome(id=identity, result=Result.SKIP, reason=NEEDS_DEEP)
    elif stage and not late:
        outcome = Outcome(id=identity, result=Result.SKIP, reason=LATER)
    else:
        missing = facts.lack(asked.facts)
        if missing is None or not missing.is_harmless:
            return None
        outcome = _missing(identity, missing)
    if not table().is_older(entry.path):
        return None
    return CheckLook(outcome=outcome, gaps=() if missing is None else (missing,), stage=stage)


def _run(
    check: Loaded, declaration: CheckDeclaration, facts: Facts, *, deep: bool
) -> tuple[Outcome, list[Finding], tuple[Missing, ...]]:
    identity = check.entry.id
    if declaration.deep and not deep:
        return Outcome(id=identity, result=Result.SKIP, reason=NEEDS_DEEP), [], ()
    started = 0.0
    try:
        arguments = facts.arguments(check.function)
        if isinstance(arguments, Missing):
            return _missing(identity, arguments), [], (arguments,)
        started = time.perf_counter()
        found = [_complete(finding, check, declaration) for finding in check.function(*arguments)]
    except Exception as error:  # noqa: BLE001 - boundary 2 of 3: a check that crashes is an outcome, not the end
        reason = str(error) if isinstance(error, DoctorError) else located(error)
        return Outcome(id=identity, result=Result.ERROR, reason=reason, incomplete=True), [], ()
    seconds = round(time.perf_counter() - started, 6)
    gaps = tuple(gap for gap in facts.gaps(check.function) if not gap.is_harmless)
    return (
        Outcome(
            id=identity,
            result=Result.FAIL if found else Result.PASS,
            reason="; ".join(dict.fromkeys(gap.reason for gap in gaps)),
            incomplete=bool(gaps),
            seconds=seconds,
        ),
        found,
        gaps,
    )


def _with_fixes(found: list[Finding], catalog: Catalog, facts: Facts) -> tuple[Finding, ...]:
    if not found:
        return ()
    from doctor.scan.offer import fix_of  # noqa: PLC0415 - a healthy host needs no fixer

    return tuple(replace(one, fix=facts.fix(one, partial(fix_of, one, catalog, facts))) for one in found)


def _missing(identity: str, missing: Missing) -> Outcome:
    if missing.is_harmless:
        return Outcome(id=identity, result=Result.SKIP, reason=missing.reason)
    return Outcome(id=identity, result=Result.ERROR, reason=missing.reason, incomplete=True)


def _complete(finding: Finding, check: Loaded, declaration: CheckDeclaration) -> Finding:
    if not isinstance(finding.detail, declaration.detail):
        from doctor.plugins.agree import spelled  # noqa: PLC0415 - a mistake of the check's author

        raise UsageError(
            f"the detail of a finding is {spelled(type(finding.detail))}, but its check declares {spelled(declaration.detail)}",
            where=check.entry.path,
            do="declare the type with @check(detail=…)",
        )
    severity = declaration.severity if finding.severity is None else finding.severity
    stops = declaration.stops_start if finding.stops_start is None else finding.stops_start
    return replace(finding, id=check.entry.id, severity=severity, stops_start=stops)
