"""Finds what actions, or the engine's next start, would open to the network that is closed now: no repair does that unasked."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from doctor.api.actions.choose import Choosable, Choose
from doctor.engines.docker import places as docker
from doctor.facts.config.engine import EngineConfig
from doctor.facts.config.exposure import exposure
from doctor.facts.firewall.packet_filter import Firewall
from doctor.facts.firewall.rules import EngineRules
from doctor.facts.network.links import Links
from doctor.facts.network.networks import Networks
from doctor.host.base import Host
from doctor.host.overlay import OverlayHost
from doctor.model.action import Action, Stage
from doctor.model.finding import Evidence
from doctor.model.severity import Applicability
from doctor.model.step import Step
from doctor.scan.resolve import Facts

if TYPE_CHECKING:
    from doctor.facts.firewall.opening import Opening

Ranked = list[tuple[Action, Applicability]]
_SHOWN = 6
_SETTINGS = (
    f"{docker.CONFIG_DIRECTORY}/",
    "/etc/systemd/",
    "/run/systemd/",
    "/etc/default/",
    "/etc/sysconfig/",
    "/etc/conf.d/",
    "/etc/init.d/",
)


def as_question(actions: Ranked, opens: tuple[Evidence, ...]) -> Ranked:
    """Return actions that open something as one question, which the user must answer."""
    done = [(action, risk) for action, risk in actions if not isinstance(action, Choose)]
    question = "whether to open what a rule of this host closes"
    if any(action.stage is Stage.CONFIG for action, _ in done):
        question = "whether the engine may open after its next start what is closed now"
    asked = Choose(
        question=question,
        options=(Choosable(name="open", evidence=opens, actions=tuple(action for action, _ in done)),),
    )
    return [*((action, risk) for action, risk in actions if isinstance(action, Choose)), (asked, asked.risk)]


def opened(
    actions: Iterable[Action], steps: list[Step], before: Host, after: OverlayHost, facts: Facts
) -> tuple[Evidence, ...]:
    """Return what actions, lowered to ``steps``, open between ``before`` and ``after``; ``facts`` are the host's own."""
    chosen = tuple(actions)
    return (
        *_by_settings(steps, after, facts),
        *_shown(_by_firewall(chosen, facts if before is facts.host else facts.predicted(before), after)),
    )


def _by_settings(steps: list[Step], after: OverlayHost, facts: Facts) -> Iterator[Evidence]:
    config = facts.get(EngineConfig)
    if not isinstance(config, EngineConfig) or not any(_is_setting(step, config) for step in steps):
        return
    then = Facts(after).get(EngineConfig)
    if isinstance(then, EngineConfig):
        for door in exposure(config).opened_by(exposure(then)):
            yield Evidence("the engine's settings", door)


def _is_setting(step: Step, config: EngineConfig) -> bool:
    path = getattr(step, "path", "")
    return path == config.json.path or path.startswith(_SETTINGS) or path == config.flags.launcher_file


def _by_firewall(actions: tuple[Action, ...], known: Facts, after_host: OverlayHost) -> "tuple[Opening, ...]":
    """Return what actions on the firewall let in without naming it."""
    if not any(action.stage is Stage.FIREWALL for action in actions):
        return ()
    networks, links, rules = (known.get(kind) for kind in (Networks, Links, EngineRules))
    engine = known.get(EngineConfig)
    if not isinstance(networks, Networks) or not isinstance(links, Links):
        return ()
    given = tuple(fact for fact in (networks, engine) if isinstance(fact, Networks | EngineConfig))
    before, after = known.get(Firewall), Facts(after_host, given).get(Firewall)
    if not isinstance(before, Firewall) or not isinstance(after, Firewall):
        return ()
    # Evaluating packets takes a dozen modules; most actions are not about the firewall.
    from doctor.facts.firewall.opening import newly_reachable, unexcused  # noqa: PLC0415
    from doctor.facts.firewall.ways import surface  # noqa: PLC0415

    passes = [guard for action in actions for guard in getattr(action, "passes", ())]
    own = {text for action in actions for text in getattr(action, "opens", ())}
    for family in rules.families if isinstance(rules, EngineRules) else ():
        own.update(family.spelling(rule) for rule in family.expected.rules())
    then = surface(after, networks, links)
    found = newly_reachable(surface(before, networks, links, without=passes), then)
    return unexcused(found, before, then, frozenset(own))


def _shown(openings: "tuple[Opening, ...]") -> Iterator[Evidence]:
    yield from (Evidence(opening.flow, _words(opening)) for opening in openings[:_SHOWN])
    if len(openings) > _SHOWN:
        yield Evidence("and", f"{len(openings) - _SHOWN} more")


def _words(opening: "Opening") -> str:
    if not opening.past:
        return f"accepted by {opening.by}"
    ended = "; ".join(f"{guard.table} {guard.chain}: {guard.text}" for guard in opening.past[:3])
    return f"accepted by {opening.by}, dropped now by {ended}"
