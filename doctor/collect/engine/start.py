"""Determines whether a start of the engine can succeed."""

from doctor.facts.config.engine import EngineConfig
from doctor.facts.config.values import NamedThings
from doctor.facts.engine.start import StartBlockers, blockers
from doctor.facts.engine.state import EngineVersion
from doctor.facts.network.links import Links
from doctor.facts.storage.driver import Storage
from doctor.model.declare import collector
from doctor.model.missing import Missing


@collector
def start_blockers(
    config: EngineConfig,
    things: NamedThings,
    storage: Storage | Missing,
    version: EngineVersion | Missing,
    links: Links | Missing,
) -> StartBlockers:
    """Return the problems that no repair of doctor resolves."""
    ground = None if isinstance(storage, Missing) else storage
    known = None if isinstance(links, Missing) else links
    release = None if isinstance(version, Missing) else version.release
    return StartBlockers(reasons=tuple(blockers(config, things, ground, release, known)))
