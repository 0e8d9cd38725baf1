"""A repair opens nothing that somebody closed: what a finding's actions would let in is compared with what came in before."""

from doctor.api.actions.choose import Choose, Option
from doctor.facts.engine import EngineConfig
from doctor.facts.firewall import Firewall
from doctor.facts.firewall_opening import Opening, newly_reachable, unexcused
from doctor.facts.firewall_rules import EngineRules
from doctor.facts.firewall_ways import surface
from doctor.facts.links import Links
from doctor.facts.networks import Networks
from doctor.host.overlay import OverlayHost
from doctor.model.action import Action, Stage
from doctor.model.errors import DoctorError
from doctor.model.finding import Evidence
from doctor.model.missing import HostError
from doctor.model.severity import Applicability
from doctor.repair.lower import Draft, lower
from doctor.scan.resolve import Facts

Ranked = list[tuple[Action, Applicability]]
_SHOWN = 6


def ask_before_opening(draft: Draft, offered: Ranked, known: Facts) -> Ranked:
    """Return the actions as they are, or as a question where they open more than they say.

    ``known`` are the facts of the prediction that the finding was seen on.
    """
    actions = tuple(action for action, _ in offered if not isinstance(action, Choose))
    openings = _openings(draft, actions, known)
    if not openings:
        return offered
    least = max(risk for action, risk in offered if not isinstance(action, Choose))
    asked = Choose(
        question="whether to open what a rule of this host keeps closed",
        options=(Option(name="open", evidence=tuple(_evidence(openings)), actions=actions),),
    )
    return [
        *((action, risk) for action, risk in offered if isinstance(action, Choose)),
        (asked, max(least, asked.risk)),
    ]


def _openings(draft: Draft, actions: tuple[Action, ...], known: Facts) -> tuple[Opening, ...]:
    """Return what actions on the firewall let in and do not name."""
    if not any(action.stage is Stage.FIREWALL for action in actions):
        return ()
    networks, links, rules = (known.get(kind) for kind in (Networks, Links, EngineRules))
    engine = known.get(EngineConfig)
    if not isinstance(networks, Networks) or not isinstance(links, Links):
        return ()
    before_host, _ = lower(draft)
    after_host, _ = lower(draft)
    given = tuple(fact for fact in (networks, engine) if isinstance(fact, Networks | EngineConfig))
    before = Facts(before_host, given).get(Firewall)
    if not _apply(after_host, actions):
        return ()
    after = Facts(after_host, given).get(Firewall)
    if not isinstance(before, Firewall) or not isinstance(after, Firewall):
        return ()
    passes = [guard for action in actions for guard in getattr(action, "passes", ())]
    own = {text for action in actions for text in getattr(action, "opens", ())}
    for family in rules.families if isinstance(rules, EngineRules) else ():
        own.update(family.spelling(rule) for rule in family.expected.rules())
    then = surface(after, networks, links)
    found = newly_reachable(surface(before, networks, links, without=passes), then)
    return unexcused(found, before, then, frozenset(own))


def _apply(host: OverlayHost, actions: tuple[Action, ...]) -> bool:
    """Apply actions to a prediction; what can't be lowered is refused elsewhere."""
    try:
        for action in actions:
            for step in action.steps(host):
                host.apply(step)
    except (HostError, DoctorError):
        return False
    return True


def _evidence(openings: tuple[Opening, ...]) -> list[Evidence]:
    shown = [Evidence(opening.flow, _words(opening)) for opening in openings[:_SHOWN]]
    if len(openings) > _SHOWN:
        shown.append(Evidence("and", f"{len(openings) - _SHOWN} more"))
    return shown


def _words(opening: Opening) -> str:
    if not opening.past:
        return f"let in by {opening.by}"
    ended = "; ".join(f"{guard.table} {guard.chain}: {guard.text}" for guard in opening.past[:3])
    return f"let in by {opening.by}, ended now by {ended}"
