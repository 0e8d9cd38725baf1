"""Lists everything that must be there after a repair, by engine: recorded before the first step.

Everything that was complete before, or that the plan predicts to be complete, must be there, on disk and in the engine. A thing that
a finding reports as broken, and that no action repairs, is not in the list: the plan shows it as remaining.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from doctor.api.engine import Ask
from doctor.facts.engine.control import EngineControl
from doctor.model.expected import Expected
from doctor.plugins.engines import engines
from doctor.scan.resolve import Facts

ByEngine = dict[str, Expected]
"""Name of an engine → what is, or must be, in its data root; engines without anything are left out."""


def present(facts: Facts) -> ByEngine:
    """Return what is complete now."""
    return _filled({one.name: one.present(facts.get) for one in engines()})


def standing(ask: Ask) -> ByEngine:
    """Return what is complete or listed, to find later additions after a repair."""
    return _filled({one.name: one.standing(ask) for one in engines()})


def expected_of(before: Facts, after: Facts) -> ByEngine:
    """Return what must be there after a plan, from the facts before it and the predicted ones."""
    return _filled({one.name: one.expected(before.get, after.get) for one in engines()})


def with_stopped(expected: ByEngine, controls: Iterable[EngineControl]) -> ByEngine:
    """Add the containers that a stop of these engines stops, and that must run again afterwards."""
    found = dict(expected)
    for control in controls:
        mine = found.get(control.engine, Expected())
        left = {one.container.id: one for one in control.stopping if one.container.id not in mine.runs}
        found[control.engine] = replace(
            mine,
            restarts={identity: one.container.name for identity, one in left.items() if not one.is_removed},
            removed={identity: one.container.name for identity, one in left.items() if one.is_removed},
        )
    return _filled(found)


def beyond(expected: ByEngine, there: ByEngine) -> tuple[str, ...]:
    """Return what is missing in ``there``, each with its name for display."""
    return tuple(missing for name, mine in expected.items() for missing in mine.beyond(there.get(name, Expected())))


def in_words(expected: ByEngine) -> str:
    """Return the counts in words ("3 images with 4 names, 2 containers, 1 volume")."""
    return ", ".join(mine.in_words for mine in expected.values()) or Expected().in_words


def images(expected: ByEngine) -> set[str]:
    """Return the ids of all images in it."""
    return {identity for mine in expected.values() for identity in mine.images}


def containers(expected: ByEngine) -> dict[str, str]:
    """Return id and title of all containers in it."""
    return {identity: title for mine in expected.values() for identity, title in mine.containers.items()}


def _filled(found: ByEngine) -> ByEngine:
    return {name: mine for name, mine in found.items() if mine != Expected()}
