"""Whether the engine changed something while a scan looked.

A scan reads one thing after the other: processes, runtime states, layers, rules. A container that starts or goes between two of
these reads looks damaged: its runtime's state names a process that the earlier list has not. So an alarm counts where it was seen
in a look during which nothing moved, or again and again.
"""

import time

from doctor.facts.config.engine import EngineConfig
from doctor.facts.containerd.service import ContainerdService
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.engine.state import EngineState
from doctor.host.base import Host
from doctor.model.missing import HostError, Missing
from doctor.model.paths import HostPath, join
from doctor.scan.resolve import Facts

_PAUSES_S = (0.2, 0.4, 0.8)
"""Waited before each further look: a container is made or started in less than a second."""
_BEFORE_S = 1.0
"""What changed so short before a look may have been a part of something longer."""
_ROOT = (
    "containers",
    "image/overlay2",
    "image/overlay2/layerdb/mounts",
    "image/overlay2/layerdb/sha256",
    "overlay2",
    "overlay2/l",
    "network/files/local-kv.db",
    "volumes",
    "volumes/metadata.db",
    "containerd/daemon/io.containerd.metadata.v1.bolt/meta.db",
)
_EXEC = ("netns", "runtime-runc/moby", "containerd/daemon/io.containerd.runtime.v2.task/moby")


class Motion:
    """The places where each thing that dockerd makes, starts or removes leaves a new time of change."""

    def __init__(self, host: Host, facts: Facts) -> None:
        self._host = host
        self._places = _places(facts) if host.is_live() and host.root == "/" and _may_change(facts) else ()
        self._pauses = list(_PAUSES_S)

    def wait(self, *, since: float) -> bool:
        """Whether a look that began then has to be repeated; returns a moment later, when that may be done."""
        if not self._pauses or not self._has_moved(since - _BEFORE_S):
            return False
        time.sleep(self._pauses.pop(0))
        return True

    def _has_moved(self, since: float) -> bool:
        return any(self._changed(place) >= since for place in self._places)

    def _changed(self, place: HostPath) -> float:
        """Return when what is there changed last, in seconds since the epoch; 0.0 if there is nothing."""
        try:
            return self._host.lstat(place).mtime_ns / 1e9
        except HostError:
            return 0.0


def _may_change(facts: Facts) -> bool:
    """Whether an engine runs: nobody else changes these places, but a repair."""
    state = facts.get(EngineState)
    return isinstance(state, EngineState) and state.status in {"running", "starting", "hung"}


def _places(facts: Facts) -> tuple[HostPath, ...]:
    root, config = facts.get(DataRoot), facts.get(EngineConfig)
    service = facts.get(ContainerdService)
    places = []
    if not isinstance(service, Missing):
        places.append(join(service.resolved, "io.containerd.metadata.v1.bolt/meta.db"))
        places.append(join(service.state, "io.containerd.runtime.v2.task/moby"))
    if not isinstance(root, Missing):
        places += [join(root.resolved, name) for name in _ROOT]
    if not isinstance(config, Missing):
        named = config.get("exec-root")
        top = named if isinstance(named, str) and named.startswith("/") else "/var/run/docker"
        places += [join(HostPath(top), name) for name in _EXEC]
    return tuple(places)
