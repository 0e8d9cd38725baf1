"""All rules for values of settings, in one call."""

from doctor.facts.config import address_values, named_values, value_formats, values
from doctor.facts.config.engine import EngineConfig
from doctor.facts.config.values import NamedThings, Release, ValueProblem
from doctor.facts.network.links import Links


def bad_values(
    config: EngineConfig, things: NamedThings, release: Release, links: Links | None
) -> tuple[ValueProblem, ...]:
    """Return one problem for each setting that can't work on this host: the one that the engine meets first."""
    found = (
        *values.problems(config, release),
        *named_values.problems(config, things),
        *value_formats.problems(config, things),
        *address_values.problems(config, things, links),
    )
    return tuple({one.key: one for one in reversed(found)}.values())[::-1]
