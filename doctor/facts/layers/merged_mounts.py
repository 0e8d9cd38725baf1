"""Mounts at ``merged`` directories of overlay2 with wrong layers."""

import re
from collections.abc import Iterator

from msgspec import Struct

from doctor.facts.host.mounts import Mounts
from doctor.facts.layers.graph import LayerGraph
from doctor.facts.layers.short_links import owners
from doctor.formats.host.mountinfo import Mount
from doctor.model.paths import HostPath

_SHORT = r"(?:^|/)l/([A-Z2-7]{26})$"
_WHOLE = r"(?:^|/)([0-9a-z]{25,64}(?:-init)?)/diff$"


class WrongMount(Struct, frozen=True, kw_only=True):
    """One wrong mount.

    Attributes:
        directory: the layer directory.
        path: its mount point.
        problem: what is wrong with it, in words.
        shown: its type and options.
        is_overlay: whether it is an overlay, which can be remounted.
        source: the mounted source; ``options`` the options of the mount and of the file system.
    """

    directory: str
    path: HostPath
    problem: str
    shown: str
    is_overlay: bool
    source: str
    options: str


def wrong_mounts(mounts: Mounts, graph: LayerGraph) -> Iterator[WrongMount]:
    """Yield the wrong mounts; of several at one mount point, only the top one."""
    top = graph.layers.overlay2.rstrip("/") + "/"
    found: dict[str, Mount] = {}
    for mount in mounts.items:
        if mount.mount_point.startswith(top) and mount.mount_point.endswith("/merged"):
            name = mount.mount_point[len(top) : -len("/merged")]
            if name in graph.layers.directories:
                found[name] = mount
    by_name = {right: name for name, right in graph.names.items()} | owners(graph.layers) if found else {}
    for name, mount in sorted(found.items()):
        problem = _problem(name, mount, graph, by_name)
        if problem:
            yield WrongMount(
                directory=name,
                path=HostPath(mount.mount_point),
                problem=problem,
                shown=f"{mount.fs_type} {','.join(mount.super_options)}",
                is_overlay=mount.fs_type == "overlay",
                source=mount.source,
                options=",".join((*mount.options, *mount.super_options)),
            )


def _problem(name: str, mount: Mount, graph: LayerGraph, by_name: dict[str, str]) -> str:
    """Return the problem of a mount at a ``merged`` directory; "" for none, or if it is unknown."""
    if mount.fs_type != "overlay":
        return f"it is of type {mount.fs_type}"
    lower, upper = mount.super_option("lowerdir"), mount.super_option("upperdir")
    if lower is None:
        return ""  # one lowerdir+ option per layer, which no engine uses
    above = _ancestors(graph, name)
    used = [_directory(part, by_name) for part in lower.split(":")]
    if above is None or None in used:
        return ""
    own = _directory(upper, by_name) if upper is not None else name
    if own != name:
        return "its upper directory is another one"
    expected = above if upper is not None else [name, *above]
    return "" if used == expected else "its lower layers are wrong"


def _ancestors(graph: LayerGraph, name: str) -> list[str] | None:
    """Return the directories below one, nearest first; ``None`` if one is unknown."""
    found: list[str] = []
    here = name
    while here in graph.parents and len(found) <= len(graph.parents):
        here = graph.parents[here]
        if not here:
            return found
        found.append(here)
    return None


def _directory(part: str, by_name: dict[str, str]) -> str | None:
    """Return the layer directory of a path in the options, "" for a path elsewhere, ``None`` if unknown."""
    short = re.search(_SHORT, part)
    if short is not None:
        return by_name.get(short[1])
    whole = re.search(_WHOLE, part)
    return whole[1] if whole is not None else ""
