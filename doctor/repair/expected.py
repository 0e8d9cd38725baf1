"""Everything that must be there after a repair, by engine: recorded before the first step.

Things that were whole before and things that the plan predicts to be whole must both be there, on disk and for the engine. A thing
that a finding names as broken, and that no action repairs, is not in it: the plan shows that as left.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from doctor.api.engine import Ask
from doctor.facts.engine.control import EngineControl
from doctor.model.expected import Expected
from doctor.plugins.engines import engines
from doctor.scan.resolve import Facts

ByEngine = dict[str, Expected]
"""Name of an engine → what is, or must be, in its data root; an engine with nothing is left out."""


def present(facts: Facts) -> ByEngine:
    """Return what is whole now."""
    return _filled({one.name: one.present(facts.get) for one in engines()})


def standing(ask: Ask) -> ByEngine:
    """Return what is whole or listed: to see later what was added after a repair."""
    return _filled({one.name: one.standing(ask) for one in engines()})


def expected_of(before: Facts, after: Facts) -> ByEngine:
    """Return what must be there after a plan, by the facts before it and those that it predicts."""
    return _filled({one.name: one.expected(before.get, after.get) for one in engines()})


def with_stopped(expected: ByEngine, controls: Iterable[EngineControl]) -> ByEngine:
    """Return it with the containers that a stop of these engines stops, and that must run again afterwards."""
    found = dict(expected)
    for control in controls:
        mine = found.get(control.engine, Expected())
        left = {one.container.id: one for one in control.stopping if one.container.id not in mine.runs}
        found[control.engine] = replace(
            mine,
            again={identity: one.container.name for identity, one in left.items() if not one.is_removed},
            removed={identity: one.container.name for identity, one in left.items() if one.is_removed},
        )
    return _filled(found)


def beyond(expected: ByEngine, there: ByEngine) -> tuple[str, ...]:
    """Return what is missing in ``there``, each as a person would name it."""
    return tuple(missing for name, mine in expected.items() for missing in mine.beyond(there.get(name, Expected())))


def in_words(expected: ByEngine) -> str:
    """Return how much it is ("3 images with 4 names, 2 containers, 1 volume")."""
    return ", ".join(mine.in_words for mine in expected.values()) or Expected().in_words


def images(expected: ByEngine) -> set[str]:
    """Return the ids of all images in it."""
    return {identity for mine in expected.values() for identity in mine.images}


def containers(expected: ByEngine) -> dict[str, str]:
    """Return id and title of all containers in it."""
    return {identity: title for mine in expected.values() for identity, title in mine.containers.items()}


def _filled(found: ByEngine) -> ByEngine:
    return {name: mine for name, mine in found.items() if mine != Expected()}
