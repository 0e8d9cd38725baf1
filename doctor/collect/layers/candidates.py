"""Examines unassigned layer directories: names and times, no content."""

from doctor.engines.docker import places as docker
from doctor.facts.layers.candidates import Clues, DirectoryClues, asked_for
from doctor.facts.layers.graph import LayerGraph
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError
from doctor.model.paths import HostPath, join

_NAMES = 8
_MOST_LOOKS = 200
_BESIDE = (docker.LINK, docker.LOWER)


@collector
def directory_clues(host: Host, graph: LayerGraph) -> DirectoryClues:
    """Return the evidence of each candidate; needed only by a fixer that asks the user."""
    return DirectoryClues(items={name: _clues(host, graph, name) for name in asked_for(graph)})


def _clues(host: Host, graph: LayerGraph, name: str) -> Clues:
    layers = graph.layers
    places = [layers.directory_path(one, file) for one in (name, docker.init_layer(name)) for file in _BESIDE]
    times = [time for path in places if (time := _mtime(host, path))]
    top = layers.diff_path(name)
    names = _walk(host, top)
    changed = max((_mtime(host, join(top, one.rstrip("/"))) for one in names), default=0.0)
    return Clues(made=min(times, default=0.0), names=tuple(names[:_NAMES]), more=len(names) > _NAMES, changed=changed)


def _mtime(host: Host, path: HostPath) -> float:
    try:
        return host.lstat(path, follow=False).mtime_ns / 1e9
    except HostError:
        return 0.0


def _walk(host: Host, top: HostPath) -> list[str]:
    """Return the first paths below a directory, breadth first; a non-empty directory is shown by its entries."""
    found: list[str] = []
    waiting = [""]
    looks = 0
    while waiting and len(found) <= _NAMES and looks < _MOST_LOOKS:
        here = waiting.pop(0)
        looks += 1
        try:
            entries = sorted(host.scandir(join(top, here) if here else top, follow=False))
        except HostError:
            entries = []
        if not entries and here:
            found.append(f"{here}/")
        for name, kind in entries[:_MOST_LOOKS]:
            path = f"{here}/{name}" if here else name
            if kind == "d":
                waiting.append(path)
            else:
                found.append(path)
    return sorted(found)
