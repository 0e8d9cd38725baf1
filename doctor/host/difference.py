"""Finds whether the inputs of a result differ between two predictions over one host."""

from collections.abc import Iterable
from typing import TypeVar

from doctor.host.base import Host
from doctor.host.changes import NONE
from doctor.host.noted import Notes
from doctor.host.overlay import OverlayHost
from doctor.model.missing import HostError
from doctor.model.paths import HostPath

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class Aliases:
    """Resolved paths of the base host, cached while that host is in use."""

    def __init__(self, base: Host) -> None:
        self._base = base
        self._real: dict[str, str] = {"": "", "/": "/"}

    def of(self, path: str) -> set[str]:
        """Return the path, its entry, and the target of that entry."""
        above, _, name = path.rstrip("/").rpartition("/")
        return {path, f"{self._lead(above).rstrip('/')}/{name}", self._lead(path)}

    def _lead(self, path: str) -> str:
        found = self._real.get(path)
        if found is None:
            found = self._real[path] = self._find(path)
        return found

    def _find(self, path: str) -> str:
        above, _, name = path.rpartition("/")
        if name in {"", ".", ".."}:
            return self._resolve(path)
        place = f"{self._lead(above).rstrip('/')}/{name}"
        try:
            self._base.readlink(HostPath(place), follow=False)
        except HostError:
            return place
        return self._resolve(place)

    def _resolve(self, path: str) -> str:
        try:
            return self._base.resolve(HostPath(path))
        except HostError:
            return path


class Difference:
    """The changes in only one of two predictions, and their effects.

    Args:
        paths: resolved paths with a different node or attributes; paths below them may differ too.
        answers: commands and API paths; ``("READ", path)`` for one file, ``("GET", "*")`` for the whole API.
        processes: whether other processes run.
        aliases: of the base host.
        links: predicted links of either prediction, and their targets.
    """

    def __init__(
        self,
        paths: Iterable[str] = (),
        answers: Iterable[tuple[str, ...]] = (),
        *,
        processes: bool = False,
        aliases: Aliases,
        links: dict[str, frozenset[str]] | None = None,
    ) -> None:
        self._paths = {path.rstrip("/") or "/" for path in paths}
        self._answers = set(answers)
        self._answers.update({("processes",), ("environ",)} if processes else ())
        self._whole_api = ("GET", "*") in self._answers
        self._files = {ask[1] for ask in self._answers if ask[0] == "READ"} | ({"/proc/locks"} if processes else set())
        self._parents = {path.rpartition("/")[0] or "/" for path in self._paths}
        self._above = {above for path in self._paths for above in _above(path)}
        self._aliases = aliases
        self._links = {} if links is None else links
        self._known: dict[str, bool] = {}
        self._led: dict[str, bool] = {}

    def touches(self, notes: Notes) -> bool:
        """Whether a recorded answer may differ; recorded facts are not compared."""
        if self._answers and self._other_answers(notes):
            return True
        if not self._paths:
            return False
        return (
            any(map(self._is_changed, notes.looked))
            or any(map(self._is_led_to_change, notes.followed))
            or any(map(self._is_listed_anew, notes.listed))
            or any(top in self._above or self._is_changed(top) for top in notes.trees)
        )

    def _other_answers(self, notes: Notes) -> bool:
        if not self._answers.isdisjoint(notes.asked):
            return True
        if self._whole_api and any(ask[0] == "GET" for ask in notes.asked):
            return True
        return any(
            file in notes.looked or file in notes.followed or not notes.trees.isdisjoint(_above(file))
            for file in self._files
        )

    def _is_changed(self, path: str) -> bool:
        """Whether a path or one of its parents differs."""
        known = self._known.get(path)
        if known is None:
            known = path in self._paths or any(above in self._paths for above in _above(path))
            self._known[path] = known
        return known

    def _is_led_to_change(self, path: str) -> bool:
        known = self._led.get(path)
        if known is None:
            known = self._led[path] = any(map(self._is_changed, self._ends(path)))
        return known

    def _is_listed_anew(self, path: str) -> bool:
        return any(end in self._parents for end in self._ends(path))

    def _ends(self, path: str) -> set[str]:
        """Return all resolved places of a path in either prediction."""
        found = self._aliases.of(path)
        # A predicted link is named by its real place, which a path may reach through links of the host.
        return found.union(*(self._links[end] for end in (path, *found) if end in self._links))


def between(earlier: Host, later: Host, aliases: Aliases) -> "Difference | None":
    """Return the difference of two predictions over one host, or of one and its host; ``None`` for other hosts."""
    before = earlier if isinstance(earlier, OverlayHost) else None
    after = later if isinstance(later, OverlayHost) else None
    bases = {id(earlier if before is None else before.base), id(later if after is None else after.base)}
    if len(bases) != 1:
        return None
    old, new = (NONE if view is None else view.changes() for view in (before, after))
    links = {
        path: frozenset(one.links[path] for one in (old, new) if path in one.links)
        for path in old.links.keys() | new.links.keys()
    }
    return Difference(
        _differing(old.paths, new.paths),
        _differing(old.answers, new.answers),
        processes=old.gone != new.gone,
        aliases=aliases,
        links=links,
    )


def _differing(old: dict[_Key, _Value], new: dict[_Key, _Value]) -> set[_Key]:
    return {key for key in old.keys() | new.keys() if old.get(key) != new.get(key)}


def _above(path: str) -> Iterable[str]:
    while path not in {"/", ""}:
        path = path.rpartition("/")[0] or "/"
        yield path
