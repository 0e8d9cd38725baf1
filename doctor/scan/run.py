"""Runs a scan: each requested check has an outcome, each finding its check, fix and causes."""

import time
from collections.abc import Iterable
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from doctor.host.base import Host
from doctor.model.action import Action
from doctor.model.declare import CheckDeclaration, FixerDeclaration
from doctor.model.errors import DoctorError, UsageError
from doctor.model.finding import Finding, FixSummary
from doctor.model.missing import HostError, Missing, Why
from doctor.model.outcome import NEEDS_DEEP, Outcome, Result
from doctor.model.severity import Applicability, Severity
from doctor.plugins.catalog import Catalog
from doctor.plugins.catalog_entry import Loaded
from doctor.scan import open_cuts
from doctor.scan.relate import relate
from doctor.scan.resolve import Facts, located
from doctor.scan.undecoded import completed, gather, judges_undecoded, subjects


class Scan(Struct, frozen=True, kw_only=True):
    """The result of a scan of one host.

    Attributes:
        findings: worst first, causes before their symptoms.
        outcomes: one per check, sorted by id.
        facts: the resolved facts, for fixers.
        ok: check id → its line for a pass.
        breaks: check id → names of the probes that fail because of it.
    """

    findings: tuple[Finding, ...]
    outcomes: tuple[Outcome, ...]
    facts: Facts
    ok: dict[str, str]
    breaks: dict[str, tuple[str, ...]]


def scan(host: Host, catalog: Catalog, ids: Iterable[str], *, deep: bool = False, facts: Facts | None = None) -> Scan:
    """Examine ``host`` with the checks of these ids. Never raises because of the host's content.

    ``facts`` are facts that are already known, for repeated scans of a host.
    """
    ids = tuple(ids)
    facts = facts or Facts(host)
    # Some facts of a prediction are as old as the scan that they were kept from.
    began = facts.host.now()
    looked = {identity: facts.look(identity, partial(_look, identity, catalog, facts, deep=deep)) for identity in ids}
    _look_later(looked, catalog, facts, deep=deep)
    suspects = [identity for identity, look in looked.items() if look.is_suspect]
    if suspects:
        from doctor.scan.still import Motion  # noqa: PLC0415 - a healthy host is scanned once

        motion = Motion(host, facts)
        while suspects and motion.wait(since=began):
            earlier, facts = facts, facts.renewed()
            began = facts.host.now()
            for identity in suspects:
                if not looked[identity].stage:
                    looked[identity] = looked[identity].confirmed(_look(identity, catalog, facts, deep=deep))
            _look_later(looked, catalog, facts, deep=deep, earlier=earlier)
            suspects = [identity for identity in suspects if looked[identity].is_suspect]
    _judge_undecoded(looked, catalog, facts)
    declared = {identity: look.declaration for identity, look in looked.items() if look.declaration is not None}
    return Scan(
        findings=relate(
            [finding for look in looked.values() for finding in look.findings],
            {identity: declaration.causes for identity, declaration in declared.items()},
        ),
        outcomes=tuple(look.outcome for _, look in sorted(looked.items())),
        facts=facts,
        ok={identity: looked[identity].ok for identity in declared},
        breaks={identity: declaration.breaks for identity, declaration in declared.items()},
    )


def _look_later(
    looked: dict[str, "_CheckLook"], catalog: Catalog, facts: Facts, *, deep: bool, earlier: Facts | None = None
) -> None:
    """Run the checks that judge what the others leave open; if there are ``earlier`` facts, only what is seen twice counts."""
    for stage in (1, 2):
        later = [identity for identity, look in looked.items() if look.stage == stage]
        if not later:
            continue
        done = [look for look in looked.values() if look.stage < stage]
        open_cuts.give(
            facts,
            stage,
            [finding for look in done for finding in look.findings],
            {look.outcome.id: look.declaration for look in done},
            earlier,
        )
        for identity in later:
            found = _look(identity, catalog, facts, deep=deep, late=True)
            before = looked[identity]
            looked[identity] = before.confirmed(found) if before.is_suspect else found


def _judge_undecoded(looked: dict[str, "_CheckLook"], catalog: Catalog, facts: Facts) -> None:
    """Run the checks that judge undecoded files, and complete the outcomes of the checks that lack these files."""
    gaps = [(identity, gap) for identity, look in looked.items() for gap in look.gaps if not gap.is_harmless]
    found = [finding for look in looked.values() for finding in look.findings] if gaps else []
    facts.give(gather(gaps, found))
    for identity, look in looked.items():
        if look.is_late:
            looked[identity] = _look(identity, catalog, facts, deep=False, late=True)
            found.extend(looked[identity].findings)
    if gaps:
        known = subjects(found)
        for identity, look in looked.items():
            if look.gaps:
                looked[identity] = replace(look, outcome=completed(look.outcome, look.gaps, known))


class _CheckLook(Struct, frozen=True, kw_only=True):
    """The result of one check.

    Attributes:
        ok: its line for a pass.
        declaration: ``None`` if the check could not be loaded.
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

    def confirmed(self, later: "_CheckLook") -> "_CheckLook":
        """Return a later result, without findings that this one lacks: those were not seen twice."""
        known = {finding.fingerprint for finding in self.findings}
        left = tuple(finding for finding in later.findings if finding.fingerprint in known)
        outcome = later.outcome
        if outcome.result is Result.FAIL and not left:
            outcome = replace(outcome, result=Result.PASS)
        return replace(later, findings=left, outcome=outcome)


def _look(identity: str, catalog: Catalog, facts: Facts, *, deep: bool, late: bool = False) -> _CheckLook:
    try:
        check = catalog.check(identity)
    except Exception as error:  # noqa: BLE001 - boundary 2 of 3: a check that can't be loaded is an outcome
        reason = str(error) if isinstance(error, DoctorError) else located(error)
        return _CheckLook(outcome=Outcome(id=identity, result=Result.ERROR, reason=reason, incomplete=True))
    declaration = check.declaration
    if not isinstance(declaration, CheckDeclaration):
        return _CheckLook(
            outcome=Outcome(id=identity, result=Result.ERROR, reason="it is not a check", incomplete=True)
        )
    if not late and judges_undecoded(check.function):
        outcome = Outcome(id=identity, result=Result.SKIP, reason="it runs after the others")
        return _CheckLook(outcome=outcome, declaration=declaration, is_late=True)
    stage = open_cuts.stage_of(check.function)
    if not late and stage:
        outcome = Outcome(id=identity, result=Result.SKIP, reason="it runs after the others")
        return _CheckLook(outcome=outcome, declaration=declaration, stage=stage)
    outcome, found, gaps = _run(check, declaration, facts, deep=deep)
    return _CheckLook(
        outcome=outcome,
        findings=tuple(replace(finding, fix=fix_of(finding, catalog, facts)) for finding in found),
        ok=declaration.ok or check.summary,
        declaration=declaration,
        gaps=gaps,
        stage=stage,
    )


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


class Offer(Struct, frozen=True):
    """The actions that a fixer offers for a finding, each with its risk, and the applicability that the fixer declares."""

    actions: list[tuple[Action, Applicability]] = []
    declared: Applicability = Applicability.MANUAL


def offer_of(finding: Finding, catalog: Catalog, facts: Facts) -> Offer:
    """Return what the fixer of a finding offers: nothing without a fixer, or if a fact it needs is missing.

    A fixer that fails offers its error as advice, so that it neither hides a finding nor ends a plan.
    """
    try:
        fixer = catalog.fixer(finding.id)
        if fixer is None or not isinstance(fixer.declaration, FixerDeclaration):
            return Offer()
        arguments = facts.arguments(fixer.function, {"finding": finding, "detail": finding.detail})
        actions = [] if isinstance(arguments, Missing) else list(fixer.function(*arguments))
    except Exception as error:  # noqa: BLE001 - boundary 2 of 3: a fixer that crashes must not hide its finding
        from doctor.api.actions.advice import Advise  # noqa: PLC0415 - a mistake of the fixer's author

        reason = str(error) if isinstance(error, DoctorError) else located(error)
        return Offer([(Advise(text=f"its fixer failed: {reason}"), Applicability.MANUAL)])
    declared = fixer.declaration.applicability
    return Offer([(action, max(declared, action.risk)) for action in actions], declared)


def fix_of(finding: Finding, catalog: Catalog, facts: Facts) -> FixSummary | None:
    """Return the summary of a finding's fix, ``None`` without a fixer."""
    from doctor.api.actions.choose import Choose  # noqa: PLC0415 - a healthy host asks nothing

    actions = offer_of(finding, catalog, facts).actions
    # A question besides other actions is optional; alone, it is the whole fix.
    actions = [item for item in actions if not isinstance(item[0], Choose)] or actions
    if not actions:
        return None
    summary = "; ".join(dict.fromkeys(action.summary for action, _ in actions))
    return FixSummary(_risk(actions, facts), summary)


def _risk(actions: list[tuple[Action, Applicability]], facts: Facts) -> Applicability:
    least = max(risk for _, risk in actions)
    if least is Applicability.MANUAL:
        return least
    from doctor.scan.risk import judge  # noqa: PLC0415 - a healthy host has nothing to judge

    try:
        judged = judge(actions, facts.host, facts)
    except (HostError, DoctorError):
        # An action that can't be lowered now may be possible after another repair: the plan decides that.
        return least
    return Applicability.MANUAL if judged.opens else judged.risk
