"""A fact without what may be a secret, as a bundle holds it.

A report shows only what a check quotes. A bundle holds all that the collectors kept, so more is masked than in a report: each value
of a field that is declared secret, arguments of programs that no check knows, and the content of files. If a check can't judge
the rest, its result is that of the scan of the host (``doctor.bundle.take``).
"""

import re
from collections.abc import Callable
from enum import Enum
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from doctor.facts.secrets.redact import MASK, conceal, redact
from doctor.model.secret import secret_fields

_PLAIN = (bool, int, float, Enum, type(None))
_NAMES = frozenset({"key", "link", "name"})
"""Fields of bytes with a name in them, not with content."""
_WORDS = frozenset({"argv", "arguments", "words"})
_OWNERS = frozenset({"owner"})
"""Fields of text with a program and its arguments."""
_ENGINES = frozenset({"containerd", "docker-containerd", "dockerd", "kubelet"})
_HARMLESS = frozenset({"docker-proxy"})
"""Programs whose arguments are addresses and ports only."""
_SHORT = {
    "-H": "hosts",
    "-b": "bridge",
    "-c": "config",
    "-g": "data-root",
    "-l": "log-level",
    "-p": "pidfile",
    "-s": "storage-driver",
}
_SCRIPTS = frozenset({"firewalld"})
"""Names of scripts that a check looks for among the arguments of their interpreter."""
_ESCAPE = "\x1a"
_LONE = re.compile("[\ud800-\udfff\x1a]")
_ESCAPED = re.compile("\x1a([0-9a-f]{4})")


class Masker:
    """Masks the values of one fact.

    Attributes:
        masked: number of masked texts; ``dropped`` that of contents that are left out.
        escaped: whether a text is not UTF-8, so that it is escaped and must be restored (``unescaped``).
    """

    def __init__(self) -> None:
        self.masked = 0
        self.dropped = 0
        self.escaped = False

    def fact(self, value: Any, field: str = "") -> Any:
        """Return a value of a fact, which ``field`` holds, without secrets."""
        if isinstance(value, _PLAIN):
            return value
        if isinstance(value, str):
            return self._text(value, field)
        if isinstance(value, bytes | bytearray):
            return self._bytes(bytes(value), field)
        if isinstance(value, Struct):
            return self._struct(value)
        if isinstance(value, dict):
            return {self._key(key): self.fact(item) for key, item in value.items()}
        if isinstance(value, tuple | list) and field in _WORDS:
            return type(value)(self._words([str(word) for word in value]))
        if isinstance(value, tuple | list | set | frozenset):
            kept = [self.fact(item, field) for item in value]
            return type(value)(kept)
        raise TypeError(f"{type(value).__name__} is not a value of a fact")

    def _struct(self, value: Struct) -> Struct:
        secret = secret_fields(type(value))
        changed = {}
        for name in value.__struct_fields__:
            old = getattr(value, name)
            new = self._secret(name, old) if name in secret else self.fact(old, name)
            if new is not old:
                changed[name] = new
        return replace(value, **changed) if changed else value

    def _secret(self, name: str, value: Any) -> Any:
        """Return the value of a field that is declared secret: what has a harmless name stays."""
        if isinstance(value, str):
            return self._counted(value, str(conceal(name, value)))
        if isinstance(value, dict):
            return {self._key(key): self._secret(str(key), item) for key, item in value.items()}
        if isinstance(value, tuple | list):
            return type(value)(self._secret(name, item) for item in value)
        return self.fact(value)

    def _text(self, value: str, field: str) -> str:
        if field in _OWNERS:
            program, space, rest = str(value).partition(" ")
            words = self._words([program, *rest.split(" ")] if space else [program])
            return self._counted(value, " ".join(words))
        return self._counted(value, redact(value))

    def _counted(self, old: str, new: str) -> str:
        self.masked += new != old[:]
        if new.isascii() and _ESCAPE not in new:
            return new
        text = _LONE.sub(_escape, new)
        self.escaped = self.escaped or text != new
        return text

    def _key(self, key: Any) -> Any:
        if isinstance(key, str):
            return self._counted(key, redact(key))
        return self._bytes(key, "key") if isinstance(key, bytes) else self.fact(key)

    def _bytes(self, value: bytes, field: str) -> bytes:
        if field in _NAMES:
            text = value.decode("utf-8", "surrogateescape")
            shown = redact(text)
            self.masked += shown != text
            return shown.encode("utf-8", "surrogateescape")
        self.dropped += bool(value)
        return MASK.encode() if value else b""

    def _words(self, words: list[str]) -> list[str]:
        """Return a command line: of the programs that checks know, without secrets, else the program alone."""
        program = words[0].rpartition("/")[2] if words else ""
        if program in _HARMLESS:
            return [self._text(word, "") for word in words]
        kept, flag = [], ""
        for number, word in enumerate(words):
            if not number:
                kept.append(self._text(word, ""))
            elif program in _ENGINES:
                kept.append(self._counted(word, str(conceal(flag, word)) if flag else redact(word)))
                flag = _SHORT.get(word, word.lstrip("-")) if word.startswith("-") and "=" not in word else ""
            elif word.rpartition("/")[2] in _SCRIPTS:
                kept.append(word)
            else:
                kept.append(self._counted(word, MASK))
        return kept


def _escape(found: re.Match[str]) -> str:
    return f"{_ESCAPE}{ord(found[0]):04x}"


def as_read(value: Any) -> Any:
    """Return a fact as a reader of a bundle gets it."""
    masker = Masker()
    found = masker.fact(value)
    return unescaped(found) if masker.escaped else found


def unescaped(value: Any) -> Any:
    """Return a value with the texts restored that are not UTF-8."""
    return _mapped(value, lambda text: _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text))


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Struct):
        return replace(value, **{name: _mapped(getattr(value, name), change) for name in value.__struct_fields__})
    if isinstance(value, dict):
        return {_mapped(key, change): _mapped(item, change) for key, item in value.items()}
    if isinstance(value, tuple | list | set | frozenset):
        return type(value)(_mapped(item, change) for item in value)
    return value
