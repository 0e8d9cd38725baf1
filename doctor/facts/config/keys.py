"""How dockerd handles each key of daemon.json: it accepts it, refuses it, or accepts it and never reads it."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from msgspec import Struct

from doctor.facts.config.options import FLAGS_WITHOUT_KEY, IN_PROXIES, KEPT_OBJECTS, OPTIONS, Option, is_known
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
    """One key that does not have the intended effect.

    Attributes:
        kind: ``unknown``, ``removed``, ``too-new`` (dockerd does not start), ``ignored``, ``flattened`` (they have no
            effect) or ``wrong-type`` (dockerd does not start).
        path: the keys that lead to it.
        meant: the intended key if it is certain, otherwise ""; ``close`` the candidates if it is not.
        value: the value; ``wanted`` the same in the right type, ``None`` if that is not certain.
        says: what the engine expects, in words.
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
        """Return the path with dots."""
        return ".".join(self.path)


def fits(key: str, value: Any) -> bool:
    """Whether a value has the JSON type of its key; an unknown key takes any type."""
    option = OPTIONS.get(key)
    return option is None or _fits(option.kind, value)


def problems(value: dict[str, Any], release: Release) -> Iterator[KeyProblem]:
    """Yield the problems with the keys of a settings file, in the order of the file.

    If the release is unknown, only what every supported release refuses counts. A file with more than ``_MOST`` wrong keys
    was not written by hand: the first ones are enough.
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
    """Yield unknown children of a flattened object: dockerd looks them up as top-level keys, and never the parent."""
    refused = [name for name in item if not is_known(name, release) and not _is_unsure(name, release)]
    meant, close = _meant(parent, item, release, present)
    if refused:
        # dockerd refuses {"log-opt": {"max-size": …}} because of max-size, but the parent is misspelt.
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
        says = f"it exists since {'.'.join(map(str, option.since))}"
        return KeyProblem(kind="too-new", path=path, value=value, says=says)
    if option is None:
        meant, close = _meant(key, value, release, present)
        return KeyProblem(kind="unknown", path=path, meant=meant, close=close, value=value)
    if path[0] in IN_PROXIES and value is not None:
        return KeyProblem(kind="ignored", path=path, meant=f"proxies.{key}", value=value)
    return _type_problem(path, value, option)


def _is_unsure(name: str, release: Release) -> bool:
    return release is None and name in OPTIONS


def _meant(key: str, value: Any, release: Release, present: set[str]) -> tuple[str, tuple[str, ...]]:
    """Return the key that a misspelt one certainly stands for, or "" and the candidates.

    It differs only in case, blanks, underscores, a plural or a typing error that is not in a number (``ipv4`` does not mean
    ``ipv6``), is not set elsewhere, is known to this release, and accepts the value.
    """
    if FLAGS_WITHOUT_KEY.get(key):
        found: tuple[str, ...] = (FLAGS_WITHOUT_KEY[key],)
    else:
        plain = _plain(key)
        found = tuple(name for name in OPTIONS if _plain(name) in {plain, plain + "s"}) or nearest(key, OPTIONS)
    free = tuple(name for name in found if name not in present)
    good = tuple(name for name in free if is_known(name, release) and _takes(name, value))
    is_sure = (
        len(good) == 1 and free == found and (bool(FLAGS_WITHOUT_KEY.get(key)) or _digits(good[0]) == _digits(key))
    )
    return (good[0], ()) if is_sure else ("", good or free)


def _digits(word: str) -> str:
    return "".join(filter(str.isdigit, word))


def _takes(key: str, value: Any) -> bool:
    kind = OPTIONS[key].kind
    return value is None or _fits(kind, value) or _coerced(kind, value) is not None


def _plain(key: str) -> str:
    return key.strip().lower().replace("_", "").replace("-", "")


def _type_problem(path: tuple[str, ...], value: Any, option: Option) -> KeyProblem | None:
    """``null`` leaves a Go field unchanged: it is not a problem."""
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
    """Return the value converted to the right type if the conversion is lossless and unambiguous, else ``None``."""
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
    """Return the boolean for the words that Go, YAML and systemd accept."""
    word = str(value).strip().lower()
    return {"yes": True, "on": True, "enabled": True, "no": False, "off": False, "disabled": False}.get(
        word, parse_bool(word)
    )


def _text(value: Any) -> Any:
    """Return a number or boolean as text in its usual spelling; anything else unchanged."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else value
