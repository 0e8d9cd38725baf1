"""Finds writable layers that were copied without their attributes.

There are two traces. The engine writes ``link``, ``lower`` and the mount record once, when it creates a container: a copy without times
gives all of them the time of the copy. And overlayfs marks each directory of an upper layer that also exists in a lower one: with
``trusted.overlay.origin`` if it was copied up, ``opaque`` if it was created over a removed one (Linux 4.12; fs/overlayfs/copy_up.c,
dir.c). A lookup through a mount restores a missing ``origin`` (fs/overlayfs/namei.c, ovl_fix_origin), so this trace disappears with time.
"""

from datetime import datetime

from doctor.engines.docker import places as docker
from doctor.facts.containers.containers import Container
from doctor.facts.layers.graph import LayerGraph
from doctor.facts.layers.records import MountRecord
from doctor.host.base import Host
from doctor.model.missing import HostError
from doctor.model.paths import HostPath, join
from doctor.model.text import visible

_LATE_NS = 600 * 1_000_000_000
"""Upper limit for the creation of a container."""
_SLACK_NS = 2 * 1_000_000_000
_DIRECTORIES = 16
_DEPTH = 160
_MARKS = tuple(f"{space}.overlay.{name}" for space in ("trusted", "user") for name in ("origin", "opaque", "redirect"))


def copied_layers(host: Host, graph: LayerGraph, *, since_ns: int = 0, has_marks: bool) -> dict[str, str]:
    """Return the containers with a copied, non-empty writable layer, each with the evidence.

    Args:
        host: the host.
        graph: the layers.
        since_ns: when image layers were copied without their times, 0 if they were not: then a container that was created
            earlier and written later was copied with them.
        has_marks: whether the kernel that mounted them is known to write these xattrs.
    """
    found: dict[str, str] = {}
    late: dict[str, tuple[int, int]] = {}
    for container in graph.containers.items:
        record = graph.layers.mounts.get(container.id)
        names = _names(host, graph, record)
        if record is None or not names:
            continue
        times = _times(host, graph, record, container)
        if times is not None:
            late[container.id] = times
        unmarked = _unmarked(host, graph, record, names) if has_marks else ""
        if unmarked:
            found[container.id] = f"{unmarked}: its overlayfs xattr is missing"
    starts = [written for created, written in late.values() if written - created > _LATE_NS]
    first = min([*starts, *([since_ns] if since_ns else [])], default=0)
    for identity, (created, written) in late.items():
        if first and created < first <= written + _SLACK_NS:
            found[identity] = "its files have the time of a copy instead of its creation"
    return found


def _names(host: Host, graph: LayerGraph, record: MountRecord | None) -> list[str]:
    """Return directories at the top of a writable layer, and one other name, if any, as a sign that it is not empty."""
    if record is None or not record.mount_id or record.mount_id not in graph.layers.directories:
        return []
    try:
        entries = sorted(host.scandir(graph.layers.diff_path(record.mount_id), follow=False))
    except HostError:
        return []
    return [name for name, kind in entries if kind == "d"][:_DIRECTORIES] or [name for name, _ in entries[:1]]


def _times(host: Host, graph: LayerGraph, record: MountRecord, container: Container) -> tuple[int, int] | None:
    """Return a container's creation time, and the earliest time of the files that the engine wrote only then."""
    layers, mount = graph.layers, str(record.mount_id)
    places = [layers.directory_path(mount, name) for name in (docker.LINK, docker.LOWER)]
    places += [layers.mount_path(container.id, name) for name in (docker.MOUNT_ID, docker.INIT_ID, docker.PARENT)]
    try:
        created = int(datetime.fromisoformat(container.created).timestamp()) * 1_000_000_000
        first = host.lstat(places[0], follow=False).mtime_ns
        if first - created <= _SLACK_NS:
            return None
        return created, min(host.lstat(place, follow=False).mtime_ns for place in places)
    except (HostError, ValueError, OverflowError):
        return None


def _unmarked(host: Host, graph: LayerGraph, record: MountRecord, names: list[str]) -> str:
    """Return a directory of a writable layer that also exists in a lower layer and has no xattr, "" for none."""
    top = graph.layers.diff_path(str(record.mount_id))
    for name in names:
        path = join(top, name)
        try:
            if host.lstat(path, follow=False).kind != "d" or any(mark in host.xattrs(path) for mark in _MARKS):
                continue
        except HostError:
            continue
        if _is_below(host, graph, str(record.mount_id), name):
            from doctor.proof.compare_headers import sees_trusted  # noqa: PLC0415 - a healthy layer never comes here

            return visible(path) if sees_trusted() else ""
    return ""


def _is_below(host: Host, graph: LayerGraph, directory: str, name: str) -> bool:
    """Whether the first lower layer with this name has a directory; the ``-init`` layer counts as well."""
    here = graph.parents.get(directory, "")
    for _ in range(_DEPTH):
        if not here:
            return False
        try:
            found = host.lstat(_at(graph, here, name), follow=False)
        except HostError as error:
            if not error.is_absent:
                return False
            here = graph.parents.get(here, "")
            continue
        return found.kind == "d"
    return False


def _at(graph: LayerGraph, directory: str, name: str) -> HostPath:
    return join(graph.layers.diff_path(directory), name)
