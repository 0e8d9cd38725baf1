"""The actions that a fixer offers for a finding, and their summary."""

from msgspec import Struct

from doctor.model.action import Action
from doctor.model.declare import FixerDeclaration
from doctor.model.errors import DoctorError
from doctor.model.finding import Finding, FixSummary
from doctor.model.missing import HostError, Missing
from doctor.model.severity import Applicability
from doctor.plugins.catalog import Catalog
from doctor.scan.resolve import Facts, located


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
