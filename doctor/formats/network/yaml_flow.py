"""Reads YAML's flow style, which is JSON with plain words: a part of `yaml_lines`."""

import re

from msgspec import Struct

from doctor.formats.text import place
from doctor.model.errors import FormatError

MAX_DEPTH = 40
_BLANK = re.compile(r"(?:[ \t\n]|(?:(?<=\s)|^)#[^\n]*)*")
_PLAIN = re.compile(r"(?!-\s)[^\s,\[\]{}#:\"'&*!|>%@`](?:[^,\[\]{}#:\n]|:(?![\s,\[\]{}]|$)|(?<=\S)#)*")
_DOUBLE = re.compile(r"\"((?:[^\"\\\n]|\\.)*)\"")
_SINGLE = re.compile(r"'((?:[^'\n]|'')*)'")
_ESCAPE = re.compile(r"\\(.)")
_ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\", "/": "/", " ": " "}


class YamlNode(Struct, frozen=True):
    """A value with its line, counted from 1: a text, a list, or a mapping. Numbers and truth values are texts."""

    line: int
    value: "str | list[YamlNode] | dict[str, YamlNode]"

    def get(self, key: str) -> "YamlNode":
        """Return a member of a mapping; an empty text without one."""
        found = self.value.get(key) if isinstance(self.value, dict) else None
        return found if found is not None else YamlNode(self.line, "")

    @property
    def text(self) -> str:
        """Return a scalar, "" for anything else."""
        return self.value if isinstance(self.value, str) else ""

    @property
    def members(self) -> "dict[str, YamlNode]":
        """Return the members of a mapping, none for anything else."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def entries(self) -> "list[YamlNode]":
        """Return the entries of a list, none for anything else."""
        return self.value if isinstance(self.value, list) else []


class FlowReader:
    """Reads values of a text from a position on; ``position`` moves with it."""

    def __init__(self, text: str, position: int = 0) -> None:
        self.text = text
        self.position = position
        # The line is counted from the last one asked for, so that a long text costs no more than its length.
        self._counted = 0
        self._line = 1

    def value(self, depth: int = 0) -> YamlNode:
        """Return the value at the position.

        >>> FlowReader('[a, {b: "c d"}]').value().entries[1].get("b").text
        'c d'
        """
        if depth > MAX_DEPTH:
            raise FormatError(f"nested too deeply: {place(self.text, self.position)}")
        self._skip()
        line = self.line()
        if self._take("["):
            return YamlNode(line, self._list(depth))
        if self._take("{"):
            return YamlNode(line, self._mapping(depth))
        return YamlNode(line, self.scalar())

    def scalar(self) -> str:
        """Return the quoted or plain text at the position."""
        quoted = _DOUBLE.match(self.text, self.position) or _SINGLE.match(self.text, self.position)
        found = quoted or _PLAIN.match(self.text, self.position)
        if found is None:
            raise self.error()
        self.position = found.end()
        if quoted is None:
            return found[0].rstrip()
        return unescaped(quoted[1], found[0][0])

    def _list(self, depth: int) -> list[YamlNode]:
        entries: list[YamlNode] = []
        self._skip()
        while not self._take("]"):
            one = self.value(depth + 1)
            self._skip()
            if self._take(":"):
                # "[a: b]" is a list with a mapping of one pair.
                one = YamlNode(one.line, {self._key(one): self.value(depth + 1)})
                self._skip()
            entries.append(one)
            if not self._take(",") and not self.text.startswith("]", self.position):
                raise self.error()
            self._skip()
        return entries

    def _mapping(self, depth: int) -> dict[str, YamlNode]:
        members: dict[str, YamlNode] = {}
        self._skip()
        while not self._take("}"):
            node = self.value(depth + 1)
            key, ended = self._key(node), self.line()
            self._skip()
            line = self.line()
            if self._take(":"):
                if line != ended:
                    raise self.error()
                self._skip()
                is_empty = self.text.startswith((",", "}"), self.position)
                members[key] = YamlNode(line, "") if is_empty else self.value(depth + 1)
                self._skip()
            else:
                members[key] = YamlNode(line, "")
            if not self._take(",") and not self.text.startswith("}", self.position):
                raise self.error()
            self._skip()
        return members

    def _key(self, node: YamlNode) -> str:
        if not isinstance(node.value, str):
            raise self.error()
        return node.value

    def _skip(self) -> None:
        found = _BLANK.match(self.text, self.position)
        self.position = self.position if found is None else found.end()

    def _take(self, mark: str) -> bool:
        if not self.text.startswith(mark, self.position):
            return False
        self.position += 1
        return True

    def line(self) -> int:
        """Return the line of the position."""
        if self.position < self._counted:
            self._counted, self._line = 0, 1
        self._line += self.text.count("\n", self._counted, self.position)
        self._counted = self.position
        return self._line

    def error(self) -> FormatError:
        """Return the error for the position."""
        return FormatError(f"YAML that is not understood: {place(self.text, self.position)}")


def unescaped(text: str, quote: str) -> str:
    r"""The text between quotes.

    >>> unescaped("it''s", "'"), unescaped('a\\"b', '"')
    ("it's", 'a"b')
    """
    if quote == "'":
        return text.replace("''", "'")
    if any(letter not in _ESCAPES for letter in _ESCAPE.findall(text)):
        raise FormatError("an escape in YAML that is not understood")
    return _ESCAPE.sub(lambda found: _ESCAPES[found[1]], text)
