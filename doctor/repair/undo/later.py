"""Finds changes that were made on the host after a repair, and that an undo would lose."""

from collections.abc import Iterator

from msgspec import Struct

from doctor.formats.merge import merge
from doctor.host.base import Host
from doctor.model.expected import Expected
from doctor.model.paths import is_beneath
from doctor.model.step import Attributes, Directory, File, HardLink, Meta, Move, Node, Put, Step
from doctor.plugins.engines import engines
from doctor.repair.expected import ByEngine, standing
from doctor.repair.rollback import is_back
from doctor.repair.runs.journal import Before, Journal
from doctor.repair.runs.record import PlanRecord
from doctor.repair.runs.whose import facts_at
from doctor.repair.steps.nodes import Tree, meta_at
from doctor.repair.steps.unchanged import is_as
from doctor.state.paths import runs_dir

_MOST_BYTES = 64 << 20


class Later(Struct, frozen=True):
    """One path that was changed after the repair.

    Attributes:
        path: its path on the host.
        what: the change, in words.
        merged: the content without the repair's change and with the later one, ``None`` if they can't be merged.
        is_kept: whether it is kept, because it is later than the repair and can't be merged.
    """

    path: str
    what: str
    merged: bytes | None = None
    is_kept: bool = False


class _Place(Struct):
    """A path with its original, and the node that the repair left (``None``: none); ``is_known``: whether that is known.

    ``keeps_meta``: no step changed mode, owner or attributes.
    """

    before: Before
    left: Node | None = None
    is_known: bool = True
    keeps_meta: bool = True


def later(record: PlanRecord, journal: Journal, host: Host) -> tuple[Later, ...]:
    """Return the later changes of the paths that a run wrote."""
    tree = Tree(record.root)
    there = _there(journal)
    # The settings may name another data root now.
    now = standing(facts_at(host, record)) if there is not None else {}
    found: list[Later] = []
    for path, place in _places(record, journal).items():
        top = next((top for top in record.data_roots if is_beneath(path, top)), "")
        if not _differs(tree, path, place):
            found += _as_attributed(tree, path, place) if not top else ()
            continue
        if not top and not _is_of_a_process(tree, path, place):
            found.append(Later(path, path, _merged(tree, path, place)))
        elif top and there is not None:
            name = path[len(top) + 1 :]
            found += _inside(tree, path, place, _new(name, now, there))
            found += _settings(tree, path, name, place, now)
    return tuple(found)


def _there(journal: Journal) -> ByEngine | None:
    ends = [entry.there for entry in journal.entries if entry.state == "finished" and entry.there is not None]
    return ends[-1] if ends else None


def _inside(tree: Tree, path: str, place: _Place, new: tuple[str, ...] | None) -> Iterator[Later]:
    """Judge a path in a data root, which the engine also writes: only new things of the user count."""
    if new:
        yield Later(path, ", ".join(new), _merged(tree, path, place))
    elif new is None and place.is_known and place.left is None:
        yield Later(path, f"the directory {path}", is_kept=True)


def _settings(tree: Tree, path: str, name: str, place: _Place, now: ByEngine) -> Iterator[Later]:
    """Judge a container's own settings: the engine rewrites the files, so only settings of the user count."""
    for engine in (one for one in engines() if one.is_settings(name)):
        left, found = _content(place.left), tree.content(path, _MOST_BYTES)
        if left is None or found is None:
            continue
        words = engine.changed_settings(name, left, found, now.get(engine.name, Expected()))
        if words:
            yield Later(path, ", ".join(words), _merged(tree, path, place))


def _new(name: str, now: ByEngine, there: ByEngine) -> tuple[str, ...] | None:
    """Return the new entries of a list; ``None`` for the directory of a single thing, () for other files.

    An engine writes its lists itself, so only a new entry counts.
    """
    for engine in engines():
        kind = engine.listed_in(name)
        if kind:
            listed = getattr(now.get(engine.name, Expected()), kind)
            return Expected(**{kind: listed}).beyond(there.get(engine.name, Expected()))
    return None if any(engine.is_of_one(name) for engine in engines()) else ()


def _places(record: PlanRecord, journal: Journal) -> dict[str, _Place]:
    """Return each path that steps wrote, with the node that they left; unknown for a step that may be half done."""
    steps = [step for action in record.actions for step in action.steps]
    places: dict[str, _Place] = {}
    for number, before in journal.begun.items():
        _take(places, steps[number], before)
        if number not in journal.done:
            for path in (getattr(steps[number], "path", ""), getattr(steps[number], "to", "")):
                if path in places:
                    places[path].is_known = False
    return places


def _take(places: dict[str, _Place], step: Step, before: Before) -> None:
    match step:
        case Put(path=path, node=node, meta=meta):
            place = places.setdefault(path, _Place(before))
            place.left = node
            # Mode, owner and attributes are kept only if a file is replaced by a file.
            place.keeps_meta = place.keeps_meta and meta is None and isinstance(node, File)
            place.is_known = not (isinstance(node, HardLink) or (isinstance(node, File) and bool(node.blob)))
        case Move(path=path, to=to):
            # Its entries moved with it.
            for other, beneath in places.items():
                beneath.is_known = beneath.is_known and not is_beneath(other, path)
            place = places.setdefault(path, _Place(before))
            place.left, place.is_known, place.keeps_meta = None, True, False
            if to:
                moved = places.setdefault(to, _Place(before))
                moved.is_known = moved.keeps_meta = False
        case Attributes(path=path):
            place = places.setdefault(path, _Place(before))
            place.is_known = place.keeps_meta = False


def _differs(tree: Tree, path: str, place: _Place) -> bool:
    """Whether a path differs from both the repair's result and the original; false if it can't be examined."""
    if not place.is_known:
        return False
    try:
        if isinstance(place.left, Directory) or is_as(tree, path, place.left, None):
            return False
        if place.before.moved_to:
            return not is_back(tree, place.before.moved_to, path)
        return not is_as(tree, path, place.before.node, None)
    except OSError:
        return False


def _is_of_a_process(tree: Tree, path: str, place: _Place) -> bool:
    """Whether a service has created its socket or pid file where the repair removed one: the next start recreates it."""
    try:
        found = tree.lstat(path) if place.left is None else None
    except OSError:
        return False
    if found is None:
        return False
    return found.kind == "s" or (path.endswith(".pid") and (tree.content(path, 32) or b"").strip().isdigit())


def _as_attributed(tree: Tree, path: str, place: _Place) -> Iterator[Later]:
    """Judge the attributes of a file without later content: the repair kept mode, owner and xattrs, so others are later."""
    meta, was = place.before.meta, place.before.node
    if not (place.is_known and place.keeps_meta and isinstance(place.left, File) and isinstance(was, File) and meta):
        return
    try:
        found = tree.lstat(path)
        if found is None:
            return
        with tree.parent(path) as (directory, name):
            now = meta_at(directory, name, found)
    except OSError:
        return
    changed = (
        ("mode", now.mode != meta.mode),
        ("owner", (now.uid, now.gid) != (meta.uid, meta.gid)),
        ("attributes", _worn(now) != _worn(meta)),
    )
    words = [word for word, is_changed in changed if is_changed]
    if words:
        yield Later(path, f"{' and '.join(words)} of {path}", _content(was))


def _worn(meta: Meta) -> dict[str, bytes]:
    """Return the xattrs that users set, without security labels, which a policy sets."""
    return {key: value for key, value in meta.xattrs.items() if not key.startswith("security.")}


def _merged(tree: Tree, path: str, place: _Place) -> bytes | None:
    """Return the three-way merge of a file, if it is still one and all three contents are known."""
    if not isinstance(place.left, File) or place.left.blob:
        return None
    kept = place.before.moved_to
    before = _content(File(blob=kept) if kept.startswith(runs_dir() + "/") else place.before.node)
    now = tree.content(path, _MOST_BYTES)
    return None if before is None or now is None else merge(before, place.left.content, now)


def _content(node: Node | None) -> bytes | None:
    if not isinstance(node, File):
        return None
    if not node.blob:
        return node.content
    try:
        with open(node.blob, "rb") as stream:
            return stream.read(_MOST_BYTES)
    except OSError:
        return None
