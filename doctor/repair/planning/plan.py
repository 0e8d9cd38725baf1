"""Makes an ordered, conflict-free plan with its predicted result from findings. Changes nothing.

The plan is a fixed point: actions are lowered on a prediction of the host, the prediction is scanned again, and new findings
(a container above a broken layer) are planned too, until no new finding can be repaired.
"""

from collections.abc import Callable, Iterable

from msgspec import Struct

from doctor.api.actions.choose import Choose
from doctor.host.base import Host
from doctor.host.overlay import OverlayHost
from doctor.model.action import Action, Stage
from doctor.model.errors import DoctorError
from doctor.model.finding import Finding
from doctor.model.missing import HostError
from doctor.model.report import ManualFix, Question
from doctor.model.severity import Applicability
from doctor.model.step import Reload
from doctor.plugins.catalog import Catalog
from doctor.plugins.engines import first_engine
from doctor.repair.planning import obstacle
from doctor.repair.planning.choose import Answers, Choice, question
from doctor.repair.planning.draft import Chosen, Draft, Planned
from doctor.repair.planning.foresee import hindrance
from doctor.repair.planning.lower import canonical, lower, writes_mask
from doctor.scan.controls import controls
from doctor.scan.noted import NotedFacts
from doctor.scan.offer import offer_of
from doctor.scan.open_cuts import is_undecided
from doctor.scan.opening import as_question
from doctor.scan.risk import JudgedActions, judge
from doctor.scan.run import Scan, scan

_ROUNDS = 8


class Plan(Struct, frozen=True, kw_only=True):
    """The actions of a repair, and the predicted host afterwards.

    Attributes:
        before: the scan of the host.
        after: the scan of the prediction.
        actions: the actions in order.
        manual: findings for manual repair, each with the reason.
        running: names of the engines that held their data roots during planning.
        judged: risk of repairs by fingerprint, of findings that are resolved or would be with another ``--allow``.
        data_roots: directories that no engine may hold while steps write below them, including ``service_roots``.
        service_roots: those of a separate containerd service.
        apart: by engine, those of engines other than the first one.
    """

    before: Scan
    after: Scan
    actions: tuple[Planned, ...]
    manual: tuple[ManualFix, ...]
    running: tuple[str, ...]
    data_roots: tuple[str, ...]
    check_ids: tuple[str, ...]
    service_roots: tuple[str, ...] = ()
    apart: dict[str, tuple[str, ...]] = {}
    judged: dict[str, Applicability] = {}

    @property
    def risk(self) -> Applicability | None:
        """The worst risk of all actions, or ``None`` for an empty plan."""
        return max((action.risk for action in self.actions), default=None)

    @property
    def resolves(self) -> tuple[Finding, ...]:
        """The findings that an action resolves and that the prediction no longer has."""
        mended = {finding.fingerprint: finding for action in self.actions for finding in action.findings}
        left = {finding.fingerprint for finding in self.after.findings}
        return tuple(finding for fingerprint, finding in mended.items() if fingerprint not in left)

    @property
    def probes(self) -> tuple[str, ...]:
        """The probes that the resolved findings break, sorted."""
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
    before: Scan | None = None,
) -> Plan:
    """Plan the repair of ``host``.

    ``ids`` are the checks that judge it; ``wanted`` limits the repair to findings of these checks (all, if empty);
    ``is_waived`` is whether the settings accept a finding, ``choices`` are the user's answers. ``before`` is the host's scan,
    with ``NotedFacts``, if it is known. Raises ``UsageError`` for an invalid choice.
    """
    ids = tuple(ids)
    before = before or scan(host, catalog, ids, deep=deep, facts=NotedFacts(host))
    known = controls(before.facts)
    draft = Draft(
        host=host,
        catalog=catalog,
        ids=ids,
        allow=allow,
        wanted=frozenset(wanted),
        data_roots=tuple(dict.fromkeys(top for control in known for top in control.data_roots)),
        controls=known,
        facts=before.facts,
        deep=deep,
        handled={finding.fingerprint for finding in before.findings if is_waived(finding)},
        answers=Answers(choices),
    )
    waived = frozenset(draft.handled)
    plan = _settle(draft, before)
    draft.answers.complain()
    stuck = _would_not_start(plan, waived, frozenset(draft.opened))
    if stuck is None:
        return plan
    # A running engine that could not start again is worth more than the repair that needs its stop; a failing start is useless.
    draft.chosen, draft.manual, draft.asked, draft.handled, draft.blocked = [], {}, {}, set(waived), stuck
    draft.judged = {}
    draft.stops_service = False
    return _settle(draft, before)


def _would_not_start(plan: Plan, waived: frozenset[str], opened: frozenset[str]) -> obstacle.Obstacle | None:
    """Return why the plan may not start, restart or reload the engine; ``None`` if it may."""
    reloads = any(isinstance(step, Reload) for action in plan.actions for step in action.steps)
    first = first_engine().name
    if not reloads and not any(action.engine == first for action in plan.actions):
        return None
    found = obstacle.of_prediction(plan.before, plan.after, waived, was_running=first in plan.running)
    return found or (None if reloads else obstacle.of_opening(plan.before.facts, plan.after.facts, opened))


def _settle(draft: Draft, before: Scan) -> Plan:
    """Choose, predict and scan again until no new finding can be repaired.

    Manual findings are judged again in each round: another repair may provide the missing proof.
    """
    current, blocked = before, draft.blocked
    for _ in range(_ROUNDS):
        if not _choose(draft, current):
            break
        overlay, actions = lower(draft)
        current = _predicted(draft, overlay, current)
        draft.manual = _undecided(draft, before, current)
        draft.blocked = blocked
    else:
        _choose(draft, current)
    overlay, actions = lower(draft)
    after = _predicted(draft, overlay, current) if actions else before
    return Plan(
        before=before,
        after=after,
        actions=actions,
        manual=(*draft.manual.values(), *draft.asked.values()),
        running=draft.running,
        data_roots=draft.data_roots,
        service_roots=tuple(top for control in draft.controls for top in control.service_roots),
        apart={control.engine: control.data_roots for control in draft.controls if control is not draft.first},
        judged=draft.judged,
        check_ids=draft.ids,
    )


def _undecided(draft: Draft, before: Scan, current: Scan) -> dict[str, ManualFix]:
    """Return the manual findings that the prediction neither has nor excludes; the others are judged again in it."""
    found = {one.fingerprint for one in current.findings}
    kept = {
        fingerprint: left
        for fingerprint, left in draft.manual.items()
        if fingerprint not in found and is_undecided(left.finding, before.facts, current.facts)
    }
    draft.handled -= draft.manual.keys() - kept.keys()
    return kept


def _predicted(draft: Draft, overlay: OverlayHost, earlier: Scan) -> Scan:
    """Scan a prediction; results that its steps don't affect are kept from the scan before."""
    facts = earlier.facts.predicted(overlay)
    return scan(overlay, draft.catalog, draft.ids, deep=draft.deep, facts=facts)


def _choose(draft: Draft, current: Scan) -> bool:
    """Add the actions for new findings to the draft; return whether there were any."""
    overlay, planned = lower(draft)
    if draft.wanted and not draft.is_running:
        left = [one for one in current.findings if one.id not in draft.wanted and one.fingerprint not in draft.handled]
        _block(draft, obstacle.of_unasked(left))
    grown = False
    for finding, offered in _in_turn(
        draft, current, overlay, starts=any(action.engine == first_engine().name for action in planned)
    ):
        draft.handled.add(finding.fingerprint)
        questions = tuple(question(finding, action) for action, _ in offered if isinstance(action, Choose))
        actions = [(action, risk) for action, risk in offered if not isinstance(action, Choose)]
        refused, judged = _not_to_do(draft, finding, actions, questions, overlay)
        if refused is not None:
            # A finding that only affects the next start of a running engine may be resolved by the action that needs the restart.
            if finding.start_destroys or not draft.is_running:
                _block(draft, obstacle.of_left(refused))
            draft.manual[finding.fingerprint] = refused
            continue
        if questions:
            draft.asked[finding.fingerprint] = ManualFix(
                finding=finding, why="the rest of it is repaired anyway", advice="", questions=questions
            )
        for number, (action, _) in enumerate(actions):
            chosen = Chosen(action=action, risk=judged.risk, findings=[finding], reloads=number in judged.reloads)
            chosen.session = judged.session
            _merge(draft, chosen)
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
) -> tuple[ManualFix | None, JudgedActions]:
    """Return the manual fix of a finding that this plan does not resolve, ``None`` if it does, and the risk of its repair."""
    judged = JudgedActions(risk=Applicability.MANUAL)
    if not actions and questions:
        why = "several answers are possible, and only you can decide: add one of these to 'doctor fix'"
        if all(len(one.candidates) == 1 for one in questions):
            why = "one answer is possible, and only you can decide whether it is right: add this to 'doctor fix'"
        return ManualFix(finding=finding, why=why, advice="", questions=questions), judged
    if not actions:
        why, advice = "doctor has no fixer for it", f"see 'doctor explain {finding.id}'"
        return ManualFix(finding=finding, why=why, advice=advice), judged
    refusal, judged = _refusal(draft, finding, actions, overlay)
    if refusal is None:
        return None, judged
    advice = refusal.advice or "; ".join(dict.fromkeys(action.summary for action, _ in actions))
    if draft.blocked is not None and _starts(actions):
        advice = draft.blocked.then
    left = ManualFix(finding=finding, why=refusal.why, advice=advice, questions=questions, needs=refusal.needs)
    return left, judged


def _in_turn(
    draft: Draft, current: Scan, view: OverlayHost, *, starts: bool
) -> list[tuple[Finding, list[tuple[Action, Applicability]]]]:
    """Return the findings to plan now, with their actions: first those that forbid an engine's start.

    A plan that starts the engine (``starts``: already, or by an action here) always includes these.
    """
    found = [
        (finding, _actions(draft, finding, current, view))
        for finding in current.findings
        if finding.fingerprint not in draft.handled
        and (not draft.wanted or finding.id in draft.wanted or finding.start_destroys)
    ]
    asked = [item for item in found if not draft.wanted or item[0].id in draft.wanted]
    # A repair may stop a running engine, and then starts it again.
    starts = starts or draft.is_running or any(_starts(actions) for _, actions in asked)
    return sorted(found if starts else asked, key=lambda item: not obstacle.forbids_start(item[0]))


def _starts(actions: list[tuple[Action, Applicability]]) -> bool:
    return any(action.stage is Stage.ENGINE for action, _ in actions)


def _actions(draft: Draft, finding: Finding, current: Scan, view: OverlayHost) -> list[tuple[Action, Applicability]]:
    """Return the actions with answered questions replaced; actions that open something to the network become a question."""
    offer = offer_of(finding, draft.catalog, current.facts)
    answered = draft.answers.apply(finding, offer.actions, offer.declared)
    actions = [item for item in answered if not isinstance(item[0], Choose)]
    if not any(action.stage in {Stage.CONFIG, Stage.FIREWALL} for action, _ in actions):
        return answered
    try:
        opens = tuple(one for one in judge(actions, view, draft.facts).opens if one.value not in draft.opened)
    except (HostError, DoctorError):
        return answered
    if not opens:
        return answered
    if answered == offer.actions:  # otherwise the user chose
        answered = draft.answers.apply(finding, as_question(answered, opens), offer.declared)
    if any(not isinstance(action, Choose) for action, _ in answered):
        draft.opened.update(one.value for one in opens)
    return answered


class _Refusal(Struct, frozen=True):
    """The reason why actions are not part of a plan, and the advice; "" to show the actions themselves."""

    why: str
    advice: str = ""
    needs: Applicability | None = None


def _refusal(
    draft: Draft, finding: Finding, actions: list[tuple[Action, Applicability]], overlay: OverlayHost
) -> tuple[_Refusal | None, JudgedActions]:
    """Return why actions can't be part of this plan, ``None`` if they can, and their risk; then ``overlay`` has them."""
    judged = JudgedActions(risk=Applicability.MANUAL)
    try:
        judged = judge(actions, overlay, draft.facts)
        refused = _Refusal(judged.why) if judged.why else _hindered(draft, judged, overlay)
    except HostError as error:
        return _Refusal(f"it can't be planned: {error.missing.reason}"), judged
    except DoctorError as error:
        return _Refusal(f"it can't be planned: {error}"), judged
    if refused is not None:
        return refused, judged
    draft.judged[finding.fingerprint] = judged.risk
    if draft.blocked is not None:
        if _starts(actions) and not judged.reloads:
            return _Refusal(f"the engine is not started before you resolve this: {draft.blocked.why}"), judged
        if first_engine().name in judged.stops or judged.reloads:
            why = f"it needs a start of the engine, which is blocked: {draft.blocked.why}"
            return _Refusal(why), judged
    if judged.risk > draft.allow:
        why = f"it is {judged.risk.word}: add --allow {judged.risk.word}"
        if judged.session:
            why = f"it changes the way of {judged.session}, and may end it: add --allow {judged.risk.word}"
        return _Refusal(why, needs=judged.risk), judged
    draft.stops_service = draft.stops_service or judged.stops_service
    return None, judged


def _hindered(draft: Draft, judged: JudgedActions, overlay: OverlayHost) -> _Refusal | None:
    """Apply steps to the prediction; return why one can't be done, ``None`` if all can."""
    for step in judged.steps:
        place = canonical(step, overlay, draft.data_roots)
        if writes_mask(place, overlay, draft.data_roots):
            # No step of it is done: the others may remove the only copy of the value.
            return _Refusal(f"it would write a masked value into {getattr(step, 'path', '')}")
        held = hindrance(overlay, place)
        if held is not None:
            return _Refusal(f"a step of it would fail: {held.why}", f"{held.do}, then 'doctor fix' again")
        overlay.apply(step)
    return None


def _merge(draft: Draft, item: Chosen) -> None:
    """Add an action, or record that an existing one also resolves this finding."""
    for other in draft.chosen:
        if other.action == item.action:
            other.risk = max(item.risk, other.risk)
            other.findings = [*other.findings, *item.findings]
            return
    draft.chosen.append(item)
