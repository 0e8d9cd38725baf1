"""The data root of Docker Engine on one host."""

from msgspec.structs import replace

from doctor.api.engine import Ask, Root
from doctor.collect.backup.root_identity import RootComparer
from doctor.facts.config.engine import EffectiveSetting, EngineConfig
from doctor.facts.engine.data_root import DataRoot
from doctor.host.base import Host
from doctor.model.missing import Missing
from doctor.scan.resolve import Facts


def root(host: Host, ask: Ask) -> Root | None:
    """Return the data root, with its identity."""
    found = ask(DataRoot)
    if not isinstance(found, DataRoot):
        return None
    comparer = RootComparer(host, found)
    return Root(
        path=found.resolved,
        places=tuple(found.places.values()),
        identity=comparer.here,
        likeness=comparer.likeness,
    )


def ask_at(host: Host, path: str, ask: Ask) -> Ask:
    """Return the facts of the same host with the data root at ``path``, whatever its settings name now."""
    found, config = ask(DataRoot), ask(EngineConfig)
    if isinstance(found, DataRoot) and found.resolved == path:
        return ask
    # The path is a real path: that of a remapped engine already contains the remapped ids.
    settings = {} if isinstance(config, Missing) else {**config.settings}
    settings.pop("userns-remap", None)
    settings["data-root"] = EffectiveSetting(value=path)
    moved = replace(EngineConfig() if isinstance(config, Missing) else config, settings=settings)
    return Facts(host, (moved,)).get
