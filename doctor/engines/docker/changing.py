"""Paths that get a new change time whenever dockerd creates, starts or removes something."""

from doctor.api.engine import Ask
from doctor.engines.containerd import places as containerd
from doctor.engines.docker import places as docker
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.engine.state import EngineState
from doctor.model.missing import Missing
from doctor.model.paths import HostPath, join

_ROOT = (
    docker.CONTAINERS,
    docker.image_store(),
    f"{docker.image_store()}/{docker.MOUNT_RECORDS}",
    f"{docker.image_store()}/{docker.LAYER_RECORDS}",
    docker.OVERLAY2,
    f"{docker.OVERLAY2}/{docker.SHORT_LINKS}",
    docker.NETWORK_DATABASE,
    docker.VOLUMES,
    docker.VOLUME_DATABASE,
    f"{docker.OWN_CONTAINERD}/{containerd.METADATA_DATABASE}",
)
_EXEC = ("netns", docker.RUNC_STATE, f"{docker.OWN_CONTAINERD}/{containerd.TASKS}/{docker.NAMESPACE}")


def changing(ask: Ask) -> tuple[HostPath, ...]:
    """Return these paths if an engine runs: only the engine and repairs change them."""
    state = ask(EngineState)
    if not isinstance(state, EngineState) or state.status not in {"running", "starting", "hung"}:
        return ()
    root, config = ask(DataRoot), ask(EngineConfig)
    places: list[HostPath] = []
    if not isinstance(root, Missing):
        places += [join(root.resolved, name) for name in _ROOT]
    if not isinstance(config, Missing):
        named = config.get("exec-root")
        top = named if isinstance(named, str) and named.startswith("/") else docker.EXEC_ROOT
        places += [join(HostPath(top), name) for name in _EXEC]
    return tuple(places)
