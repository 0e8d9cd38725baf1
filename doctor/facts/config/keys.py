"""What dockerd makes of each key of daemon.json: takes it, refuses it, or takes it and never reads it."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from msgspec import Struct

from doctor.facts.config.options import FLAGS_WITHOUT_KEY, KEPT_OBJECTS, OPTIONS, Option, is_known
from doctor.facts.config.spelling import nearest
from doctor.formats.config.flags import parse_bool

Release = tuple[int, int, int] | None
_LISTS = frozenset({"strings", "objects"})
_MAPS = frozenset({"string-map", "bool-map", "object-map", "object"})
_SAYS = {
    "bool": "true or false",
    "int": "a number",
    "string": "a string",
    "strings": "a list of strings",
    "bytes": 'a size such as "64M"',
    "objects": "a list of objects",
}

_MOST = 20


class KeyProblem(Struct, frozen=True, kw_only=True):
    """One key that is not what its author hoped.

    Attributes:
        kind: ``unknown``, ``removed``, ``too-new`` (these three stop dockerd), ``ignored``, ``flattened`` (these two do
            nothing) or ``wrong-type`` (stops dockerd).
        path: the keys that lead to it.
        meant: the key that is meant where that is clear, "" otherwise; ``close`` those that it could be where it is not.
        value: what stands there; ``wanted`` the same in the right type, ``None`` if that is not clear.
        says: what the engine expects there, in words.
    """

    kind: str
    path: tuple[str, ...]
    meant: str = ""
    close: tuple[str, ...] = ()
    value: Any = None
    wanted: Any = None
    says: str = ""

    @property
    def name(self) -> str:
        """Return the path as a person writes it."""
        return ".".join(self.path)


def fits(key: str, value: Any) -> bool:
    """Whether a value has the JSON type of its key; any has that of an unknown key."""
    option = OPTIONS.get(key)
    return option is None or _fits(option.kind, value)


def problems(value: dict[str, Any], release: Release) -> Iterator[KeyProblem]:
    """Yield what is wrong with the keys of a settings file, in its order.

    With an unknown release only what every supported one refuses counts. A file with more than ``_MOST`` wrong keys is not
    one that somebody wrote by hand; the first ones tell enough.
    """
    yield from islice(_problems(value, release), _MOST)


def _problems(value: dict[str, Any], release: Release) -> Iterator[KeyProblem]:
    present = set(value)
    for key, item in value.items():
        if isinstance(item, dict) and key not in KEPT_OBJECTS:
            yield from _flattened(key, item, release, present)
            continue
        found = _key_problem((key,), item, release, present)
        if found is not None:
            yield found
        elif key == "proxies" and isinstance(item, dict):
            for name, child in item.items():
                inner = _type_problem((key, name), child, OPTIONS.get(name, Option("string")))
                if inner is not None:
                    yield inner


def _flattened(parent: str, item: dict[str, Any], release: Release, present: set[str]) -> Iterator[KeyProblem]:
    """The children of an object that is no value are looked up as if they stood at the top; the parent never is."""
    refused = [name for name in item if not is_known(name, release) and not _is_unsure(name, release)]
    meant, close = _meant(parent, item, release, present)
    if refused:
        # {"log-opt": {"max-size": …}} is refused for max-size, yet the parent is what is misspelt.
        yield KeyProblem(kind="unknown", path=(parent,), meant=meant, close=close, value=item)
    elif item:
        yield KeyProblem(kind="flattened", path=(parent,), meant=meant, close=close, value=item)


def _key_problem(path: tuple[str, ...], value: Any, release: Release, present: set[str]) -> KeyProblem | None:
    key = path[-1]
    if key in FLAGS_WITHOUT_KEY:
        return KeyProblem(kind="ignored", path=path, meant=FLAGS_WITHOUT_KEY[key], value=value)
    option = OPTIONS.get(key)
    if option is not None and not is_known(key, release):
        if release is None:
            return None
        if option.removed is not None and release >= option.removed:
            free = option.successor not in present
            return KeyProblem(
                kind="removed", path=path, meant=option.successor if free else "", value=value, says=option.why_removed
            )
        says = f"it is known from {'.'.join(map(str, option.since))} on"
        return KeyProblem(kind="too-new", path=path, value=value, says=says)
    if option is None:
        meant, close = _meant(key, value, release, present)
        return KeyProblem(kind="unknown", path=path, meant=meant, close=close, value=value)
    return _type_problem(path, value, option)


def _is_unsure(name: str, release: Release) -> bool:
    return release is None and name in OPTIONS


def _meant(key: str, value: Any, release: Release, present: set[str]) -> tuple[str, tuple[str, ...]]:
    """Return the key that a misspelt one surely is, or "" and those that it could be.

    It is one that differs in case, blanks, underscores, a plural or a slip of the hand, is set nowhere else, is known to this
    release, and can take the value.
    """
    if FLAGS_WITHOUT_KEY.get(key):
        found: tuple[str, ...] = (FLAGS_WITHOUT_KEY[key],)
    else:
        plain = _plain(key)
        found = tuple(name for name in OPTIONS if _plain(name) in {plain, plain + "s"}) or nearest(key, OPTIONS)
    free = tuple(name for name in found if name not in present)
    good = tuple(name for name in free if is_known(name, release) and _takes(name, value))
    return (good[0], ()) if len(good) == 1 and free == found else ("", good or free)


def _takes(key: str, value: Any) -> bool:
    kind = OPTIONS[key].kind
    return value is None or _fits(kind, value) or _coerced(kind, value) is not None


def _plain(key: str) -> str:
    return key.strip().lower().replace("_", "").replace("-", "")


def _type_problem(path: tuple[str, ...], value: Any, option: Option) -> KeyProblem | None:
    """``null`` leaves a Go field as it was: no problem."""
    kind = option.kind
    if value is None or _fits(kind, value):
        return _item_problem(path, value, kind)
    return KeyProblem(
        kind="wrong-type", path=path, value=value, wanted=_coerced(kind, value), says=_SAYS.get(kind, "an object")
    )


def _fits(kind: str, value: Any) -> bool:
    if kind == "bool":
        return isinstance(value, bool)
    if kind == "int":
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == "string":
        return isinstance(value, str)
    if kind == "bytes":
        return isinstance(value, str | int) and not isinstance(value, bool)
    if kind in _LISTS:
        return isinstance(value, list)
    return isinstance(value, dict) if kind in _MAPS else True


def _item_problem(path: tuple[str, ...], value: Any, kind: str) -> KeyProblem | None:
    """Return what is wrong inside a list or map, or ``None``."""
    if kind == "strings" and value and not all(isinstance(item, str) for item in value):
        wanted = [_text(item) for item in value]
        fits = all(isinstance(item, str) for item in wanted)
        return KeyProblem(
            kind="wrong-type", path=path, value=value, wanted=wanted if fits else None, says="a list of strings"
        )
    wants = {
        "string-map": ("string", "a string"),
        "bool-map": ("bool", "true or false"),
        "object-map": ("object", "an object"),
    }
    if kind not in wants or not value:
        return None
    inner, says = wants[kind]
    for name, item in value.items():
        if item is not None and not _fits(inner, item):
            return KeyProblem(
                kind="wrong-type", path=(*path, name), value=item, wanted=_coerced(inner, item), says=says
            )
    return None


def _coerced(kind: str, value: Any) -> Any:
    """Return the value in the right type where nothing can get lost or be meant otherwise, else ``None``."""
    if kind == "bool":
        return _switch(value) if isinstance(value, str | int) else None
    if kind == "int" and isinstance(value, str):
        text = value.strip()
        return int(text) if text.lstrip("-").isdigit() and len(text) < 12 else None
    if kind == "strings" and isinstance(value, str):
        return [value]
    if kind == "string":
        text = _text(value)
        return text if isinstance(text, str) else None
    return None


def _switch(value: str | int) -> bool | None:
    """Return what Go reads as a boolean, and what people write who come from YAML or systemd."""
    word = str(value).strip().lower()
    return {"yes": True, "on": True, "enabled": True, "no": False, "off": False, "disabled": False}.get(
        word, parse_bool(word)
    )


def _text(value: Any) -> Any:
    """Return a number or boolean as the text a person would have written; anything else as it is."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else value
