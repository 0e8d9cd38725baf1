"""Reads all contents of containerd's stores and compares the unpacked layers with them. Used only with ``--deep``."""

from weakref import WeakKeyDictionary

from doctor.collect.containerd.lists import with_parts
from doctor.collect.engine.data_root import is_of_root
from doctor.facts.containerd.content import ContainerdContent, SnapshotLook, StoreContent
from doctor.facts.containerd.lists import ContainerdLayer, ContainerdList, ContainerdLists, ContainerdSnapshot
from doctor.facts.layers.content import LayerLook
from doctor.host.base import Host
from doctor.host.noted import in_whole
from doctor.host.overlay import OverlayHost
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath
from doctor.proof.layer import Task, new_buffer
from doctor.proof.snapshot import look_at_blob
from doctor.proof.workers import look_at_all

NOWHERE = HostPath("")

_last: "WeakKeyDictionary[Host, dict[Task, LayerLook]]" = WeakKeyDictionary()
"""The last results of a host, for its predictions: what a plan does not change need not be read again."""


@collector
def containerd_content(host: Host, lists: ContainerdLists) -> ContainerdContent:
    """Return what is altered; absent if containerd has no images."""
    if not lists.items and not lists.gaps:
        raise HostError(Missing(Why.ABSENT, "containerd has no images here"))
    stores = [known if known.parts else with_parts(host, known) for known in lists.items]
    # Each content is examined in a separate process; results are kept here by what the plan changes.
    host = in_whole(host, *(known.top for known in stores))
    tasks = [(known, task) for known in stores for task in _tasks(host, known)]
    found = _looks(host, [task for _, task in tasks])
    gaps = list(lists.gaps)
    items = []
    for known in stores:
        mine = [(task, found[task]) for store, task in tasks if store is known]
        items.append(_judged(host, known, mine, gaps))
    return ContainerdContent(items=tuple(items), gaps=tuple(gaps))


def _looks(host: Host, tasks: list[Task]) -> dict[Task, LayerLook]:
    if not isinstance(host, OverlayHost):
        by_name = {task.chain: task for task in tasks}
        found = {by_name[one.chain]: one for one in look_at_all(host, tasks, look_at_blob)}
        _last[host] = found
        return found
    known = _last.get(host.base, {})
    buffer = new_buffer()
    looks = {}
    for task in tasks:
        before = known.get(task)
        if before is None or host.touches(task.split) or (task.top and host.touches(task.top)):
            before = look_at_blob(host, task, buffer)
        looks[task] = before
    return looks


def _tasks(host: Host, known: ContainerdList) -> list[Task]:
    """Return one task for each snapshot of an image layer, and one for each content that has no snapshot."""
    shift = shift_of(host, known)
    wrong = {problem.digits for problem in known.blobs}
    tasks = []
    used: set[str] = set()
    for snapshot in known.snapshots.values():
        layer = known.layer(snapshot.chain) if snapshot.chain else None
        if layer is None or layer.blob in wrong or snapshot.name in known.lost or layer.blob not in known.sizes:
            continue
        used.add(layer.blob)
        tasks.append(task_of(known, snapshot, layer, shift))
    for digits in known.sizes.keys() - wrong - used:
        path = known.blob_path(digits)
        tasks.append(
            Task(chain=path, diff="", directory="", top=NOWHERE, split=path, shift=None, size=known.sizes[digits])
        )
    return tasks


def task_of(known: ContainerdList, snapshot: ContainerdSnapshot, layer: ContainerdLayer, shift: int | None) -> Task:
    """Return the task that examines a snapshot of an image layer."""
    return Task(
        chain=f"{known.top}:{snapshot.name}",
        diff=layer.diff,
        directory=snapshot.name,
        top=known.tree_path(snapshot),
        split=known.blob_path(layer.blob),
        shift=shift,
        size=known.sizes.get(layer.blob, 0),
    )


def shift_of(host: Host, known: ContainerdList) -> int | None:
    """Return 0 if root unpacked the store; ``None`` for a rootless store, where owners can't be compared."""
    return 0 if is_of_root(host, known.top) else None


def _judged(
    host: Host, known: ContainerdList, looks: list[tuple[Task, LayerLook]], gaps: list[Missing]
) -> StoreContent:
    altered: set[str] = set()
    snapshots: dict[str, SnapshotLook] = {}
    needing: dict[str, tuple[str, ...]] = {}
    for task, found in looks:
        digits = task.split.rpartition("/")[2]
        if found.gap or found.split_problem:
            # An image that was removed meanwhile is not a gap.
            if host.exists(task.split):
                gaps.append(Missing(Why.UNREADABLE, found.gap or f"{task.split}: {found.split_problem}"))
        elif not found.is_proven:
            if host.exists(task.split):
                altered.add(digits)
                needing[digits] = known.needing(digits)
        else:
            look = _snapshot(task, found)
            if not look.is_whole and host.exists(task.top):
                snapshots[look.name] = look
                needing[look.name] = known.having(known.snapshots[look.name].chain)
    return StoreContent(top=known.top, altered=tuple(sorted(altered)), looks=snapshots, needing=needing)


def _snapshot(task: Task, found: LayerLook) -> SnapshotLook:
    return SnapshotLook(
        name=task.directory,
        altered=found.altered,
        altered_count=found.altered_count,
        lost=found.lost,
        extra=found.extra,
        extra_count=found.extra_count,
    )
