"""From findings to an ordered, conflict-free plan with its predicted result. Changes nothing.

The plan is a fixed point: actions are lowered against a prediction of the host, the prediction is scanned again, and what
then shows up (a container behind a broken layer) is planned too, until nothing new is fixable.
"""

from collections.abc import Callable, Iterable

from msgspec import Struct

from doctor.api.actions.choose import Choose
from doctor.facts.engine_control import EngineControl
from doctor.host.base import Host
from doctor.host.overlay import OverlayHost
from doctor.model.action import Action, Stage
from doctor.model.errors import DoctorError
from doctor.model.finding import Finding
from doctor.model.missing import HostError, Missing
from doctor.model.report import ManualFix, Question
from doctor.model.severity import Applicability
from doctor.model.step import Netlink, Run, Signal, Step
from doctor.plugins.catalog import Catalog
from doctor.repair import obstacle
from doctor.repair.choose import Answers, Choice, question
from doctor.repair.foresee import hindrance
from doctor.repair.lower import Draft, Planned, canonical, lower, needs_service_stop, needs_stop
from doctor.repair.opening import ask_before_opening
from doctor.scan.run import Scan, scan

_ROUNDS = 8


class Plan(Struct, frozen=True, kw_only=True):
    """What a repair would do, and how the host is predicted to be afterwards.

    Attributes:
        before: the scan it starts from.
        after: the scan of the prediction.
        actions: in the order of applying.
        manual: findings that are left to a person, each with why.
        engine_was_running: whether the engine held the data root when it was planned.
        data_roots: directories that no engine may hold while steps write beneath them, ``service_roots`` among them.
        service_roots: those of a containerd that is a service of its own.
    """

    before: Scan
    after: Scan
    actions: tuple[Planned, ...]
    manual: tuple[ManualFix, ...]
    engine_was_running: bool
    data_roots: tuple[str, ...]
    check_ids: tuple[str, ...]
    service_roots: tuple[str, ...] = ()

    @property
    def risk(self) -> Applicability | None:
        """The worst risk of all actions, or ``None`` for an empty plan."""
        return max((action.risk for action in self.actions), default=None)

    @property
    def resolves(self) -> tuple[Finding, ...]:
        """The findings that some action mends and the prediction no longer has."""
        mended = {finding.fingerprint: finding for action in self.actions for finding in action.findings}
        left = {finding.fingerprint for finding in self.after.findings}
        return tuple(finding for fingerprint, finding in mended.items() if fingerprint not in left)

    @property
    def probes(self) -> tuple[str, ...]:
        """The probes that the mended findings say were broken, sorted."""
        return tuple(sorted({name for finding in self.resolves for name in self.before.breaks.get(finding.id, ())}))


def make_plan(
    host: Host,
    catalog: Catalog,
    ids: Iterable[str],
    *,
    wanted: Iterable[str] = (),
    allow: Applicability = Applicability.SAFE,
    is_waived: Callable[[Finding], bool] = lambda _: False,
    deep: bool = False,
    choices: tuple[Choice, ...] = (),
) -> Plan:
    """Plan the repair of ``host``.

    ``ids`` are the checks that judge it; ``wanted`` limits the repair to findings of these checks (all, if empty);
    ``is_waived`` tells which findings a person accepted, ``choices`` what a person chose between candidates. Raises
    ``UsageError`` for a choice that is none.
    """
    ids = tuple(ids)
    before = scan(host, catalog, ids, deep=deep)
    control = before.facts.get(EngineControl)
    draft = Draft(
        host=host,
        catalog=catalog,
        ids=ids,
        allow=allow,
        wanted=frozenset(wanted),
        data_roots=() if isinstance(control, Missing) else control.data_roots,
        control=None if isinstance(control, Missing) else control,
        deep=deep,
        handled={finding.fingerprint for finding in before.findings if is_waived(finding)},
        answers=Answers(choices),
    )
    waived = frozenset(draft.handled)
    plan = _settle(draft, before)
    draft.answers.complain()
    stuck = _would_not_start(plan, waived)
    if stuck is None:
        return plan
    # A running engine that can't start again is worth more than what its stop would mend; a start that fails, worth nothing.
    draft.chosen, draft.manual, draft.asked, draft.handled, draft.blocked = [], {}, {}, set(waived), stuck
    draft.stops_service = False
    return _settle(draft, before)


def _would_not_start(plan: Plan, waived: frozenset[str]) -> obstacle.Obstacle | None:
    """Return why an engine that the plan starts, or stops and starts again, would not start; ``None`` where it would."""
    if not any(action.engine for action in plan.actions):
        return None
    return obstacle.of_prediction(plan.after, waived, was_running=plan.engine_was_running)


def _settle(draft: Draft, before: Scan) -> Plan:
    """Choose, predict and look again until nothing new is fixable.

    What a person would have to decide is judged anew in each round: a repair of something else may be the missing proof.
    """
    current, blocked = before, draft.blocked
    for _ in range(_ROUNDS):
        if not _choose(draft, current):
            break
        overlay, actions = lower(draft)
        current = scan(overlay, draft.catalog, draft.ids, deep=draft.deep)
        draft.handled -= draft.manual.keys()
        draft.manual, draft.blocked = {}, blocked
    else:
        _choose(draft, current)
    overlay, actions = lower(draft)
    after = scan(overlay, draft.catalog, draft.ids, deep=draft.deep) if actions else before
    return Plan(
        before=before,
        after=after,
        actions=actions,
        manual=(*draft.manual.values(), *draft.asked.values()),
        engine_was_running=draft.is_running,
        data_roots=draft.data_roots,
        service_roots=() if draft.control is None else draft.control.service_roots,
        check_ids=draft.ids,
    )


def _choose(draft: Draft, current: Scan) -> bool:
    """Take the actions for findings not seen before into the draft; return whether there were any."""
    overlay, planned = lower(draft)
    if draft.wanted and not draft.is_running:
        left = [one for one in current.findings if one.id not in draft.wanted and one.fingerprint not in draft.handled]
        _block(draft, obstacle.of_unasked(left))
    grown = False
    for finding, offered in _in_turn(draft, current, starts=any(action.engine for action in planned)):
        draft.handled.add(finding.fingerprint)
        questions = tuple(question(finding, action) for action, _ in offered if isinstance(action, Choose))
        actions = [(action, risk) for action, risk in offered if not isinstance(action, Choose)]
        refused = _not_to_do(draft, finding, actions, questions, overlay)
        if refused is not None:
            # What only stops the next start of an engine that runs may be mended by what its restart is for.
            if finding.start_destroys or not draft.is_running:
                _block(draft, obstacle.of_left(refused))
            draft.manual[finding.fingerprint] = refused
            continue
        if questions:
            draft.asked[finding.fingerprint] = ManualFix(
                finding=finding, why="the rest of it is mended either way", advice="", questions=questions
            )
        for action, action_risk in actions:
            _merge(draft, action, action_risk, finding)
        grown = True
    return grown


def _block(draft: Draft, found: obstacle.Obstacle | None) -> None:
    draft.blocked = draft.blocked if found is None else found.beside(draft.blocked)


def _not_to_do(
    draft: Draft,
    finding: Finding,
    actions: list[tuple[Action, Applicability]],
    questions: tuple[Question, ...],
    overlay: OverlayHost,
) -> ManualFix | None:
    """Return what to tell of a finding that this plan does not mend, ``None`` where it does."""
    if not actions and questions:
        why = "several candidates fit, and the host does not tell which is right: add one of these to 'doctor fix'"
        if all(len(one.candidates) == 1 for one in questions):
            why = "one candidate fits, and nothing proves it: add this to 'doctor fix' if it is right"
        return ManualFix(finding=finding, why=why, advice="", questions=questions)
    if not actions:
        why, advice = "doctor has no fixer for it", f"see 'doctor explain {finding.id}'"
        return ManualFix(finding=finding, why=why, advice=advice)
    refusal = _refusal(draft, actions, max(risk for _, risk in actions), overlay)
    if refusal is None:
        return None
    advice = refusal.advice or "; ".join(action.summary for action, _ in actions)
    if draft.blocked is not None and _starts(actions):
        advice = draft.blocked.then
    return ManualFix(finding=finding, why=refusal.why, advice=advice, questions=questions)


def _in_turn(draft: Draft, current: Scan, *, starts: bool) -> list[tuple[Finding, list[tuple[Action, Applicability]]]]:
    """Return the findings to plan for now, with their actions: first those that forbid an engine's start.

    A plan that starts the engine (``starts``: already, or by an action here) takes those in whatever was asked for.
    """
    found = [
        (finding, _actions(draft, finding, current))
        for finding in current.findings
        if finding.fingerprint not in draft.handled
        and (not draft.wanted or finding.id in draft.wanted or finding.start_destroys)
    ]
    asked = [item for item in found if not draft.wanted or item[0].id in draft.wanted]
    # A repair under a running engine may stop it, and then starts it again.
    starts = starts or draft.is_running or any(_starts(actions) for _, actions in asked)
    return sorted(found if starts else asked, key=lambda item: not obstacle.forbids_start(item[0]))


def _starts(actions: list[tuple[Action, Applicability]]) -> bool:
    return any(action.stage is Stage.ENGINE for action, _ in actions)


def _actions(draft: Draft, finding: Finding, current: Scan) -> list[tuple[Action, Applicability]]:
    fixer = draft.catalog.fixer(finding.id)
    if fixer is None:
        return []
    arguments = current.facts.arguments(fixer.function, given=1)
    if isinstance(arguments, Missing):
        return []
    declared: Applicability = getattr(fixer.declaration, "applicability", Applicability.MANUAL)
    offered = [(action, max(declared, action.risk)) for action in fixer.function(finding, *arguments)]
    answered = draft.answers.apply(finding, offered, declared)
    if answered != offered:
        return answered  # a person chose
    return draft.answers.apply(finding, ask_before_opening(draft, offered, current.facts), declared)


class _Refusal(Struct, frozen=True):
    """Why actions are not part of a plan, and what a person does first; "" for the actions themselves."""

    why: str
    advice: str = ""


def _refusal(
    draft: Draft, actions: list[tuple[Action, Applicability]], risk: Applicability, overlay: OverlayHost
) -> _Refusal | None:
    """Return why actions can't be part of this plan, or ``None``; they then are not."""
    if risk is Applicability.MANUAL:
        return _Refusal("only a person can know what is right here")
    steps: list[Step] = []
    refused = _hindered(draft, actions, overlay, steps)
    if refused is not None:
        return refused
    if draft.blocked is not None:
        if _starts(actions):
            return _Refusal(f"the engine is not started, first a person must act: {draft.blocked.why}")
        if draft.is_running and needs_stop(draft, actions, steps):
            why = f"it needs a start of the engine, and first a person must act: {draft.blocked.why}"
            return _Refusal(why)
    if not draft.host.is_live() and any(isinstance(step, Run | Signal | Netlink) for step in steps):
        return _Refusal("it needs the running host")
    stops = draft.is_running and needs_stop(draft, actions, steps)
    service = needs_service_stop(draft, steps)
    manual = _cannot_start_again(draft, engine=stops, service=service)
    if manual:
        return _Refusal(manual)
    risk = max(risk, Applicability.DISRUPTIVE) if stops or service else risk
    if risk > draft.allow:
        return _Refusal(f"it is {risk.word}: add --allow {risk.word}")
    draft.stops_service = draft.stops_service or service
    return None


def _hindered(
    draft: Draft, actions: list[tuple[Action, Applicability]], overlay: OverlayHost, steps: list[Step]
) -> _Refusal | None:
    """Lower actions on the prediction and add their steps; return why one can't be done, ``None`` where all can."""
    try:
        for action, _ in actions:
            for step in action.steps(overlay):
                held = hindrance(overlay, canonical(step, overlay, draft.data_roots))
                if held is not None:
                    return _Refusal(f"a step of it would fail: {held.why}", f"{held.do}, then 'doctor fix' again")
                steps.append(step)
                overlay.apply(step)
    except HostError as error:
        return _Refusal(f"it can't be planned: {error.missing.reason}")
    except DoctorError as error:
        return _Refusal(f"it can't be planned: {error}")
    return None


def _cannot_start_again(draft: Draft, *, engine: bool, service: bool) -> str:
    """Return why what an action needs stopped can't be started again by doctor, "" where it can."""
    control = draft.control
    if control is not None and engine and control.manual:
        return f"the engine must be stopped for it, and doctor can't start it again: {control.manual}"
    if control is not None and service and control.containerd_manual:
        return f"containerd must be stopped for it, and doctor can't start it again: {control.containerd_manual}"
    return ""


def _merge(draft: Draft, action: Action, risk: Applicability, finding: Finding) -> None:
    """Add an action, or note that one already there mends this finding too."""
    for index, (other, other_risk, findings) in enumerate(draft.chosen):
        if other == action:
            draft.chosen[index] = (other, max(risk, other_risk), [*findings, finding])
            return
    draft.chosen.append((action, risk, [finding]))
