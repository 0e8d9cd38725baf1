"""Reads the YAML of network configuration, with the line of each value.

Mappings and lists in both styles, plain and quoted texts, comments and JSON are read. Anything else (anchors, tags, block
texts, keys that are not text, several documents) is refused, never guessed: see docs/decisions/0049.
"""

import re

from doctor.formats.network.yaml_flow import MAX_DEPTH, FlowReader, YamlNode, unescaped
from doctor.model.errors import FormatError

_LINE = re.compile(r"( *)([^\n]*)(?:\n|\Z)")
_QUOTED_KEY = re.compile(r"(?:\"((?:[^\"\\\n]|\\.)*)\"|'((?:[^'\n]|'')*)') *:(?= |$)")
_KEY_END = re.compile(r":(?= |$)| #")
_QUOTED = re.compile(r"(?:\"((?:[^\"\\\n]|\\.)*)\"|'((?:[^'\n]|'')*)') *(?:(?<= )#.*)?$")
_REFUSED = ("&", "*", "!", "|", ">", "%", "@", "`", "? ", "- ", "]", "}", ",", ": ")


class _YamlLine:
    """One line that is not empty: its number, offset of its text in the file, indentation, and text."""

    __slots__ = ("indent", "number", "start", "text")

    def __init__(self, number: int, start: int, indent: int, text: str) -> None:
        self.number, self.start, self.indent, self.text = number, start, indent, text

    def error(self) -> FormatError:
        return FormatError(f"YAML that is not understood: line {self.number}")


def parse(text: str) -> YamlNode:
    r"""The only document of a file, which is a mapping.

    >>> root = parse("network:\n  ethernets:\n    eth0:\n      addresses: [192.0.2.5/24]  # static\n      routes:\n      - to: default\n")
    >>> found = root.get("network").get("ethernets").get("eth0")
    >>> [(one.line, one.text) for one in found.get("addresses").entries], found.get("routes").entries[0].get("to").text
    ([(4, '192.0.2.5/24')], 'default')

    Raises:
        FormatError: it is not YAML, or uses something that is refused.
    """
    reader = _BlockReader(text)
    return reader.document()


class _BlockReader:
    def __init__(self, text: str) -> None:
        self.text = text.replace("\r\n", "\n").removeprefix("\ufeff")
        self.lines: list[_YamlLine] = []
        self.flow = FlowReader(self.text)
        self.at = 0
        self._split()

    def _split(self) -> None:
        position = number = 0
        while position < len(self.text):
            found = _LINE.match(self.text, position)
            if found is None:
                return
            number += 1
            position = max(found.end(), position + 1)
            content = found[2].rstrip()
            if not content or content[0] == "#":
                continue
            line = _YamlLine(number, found.start(2), len(found[1]), content)
            if "\t" in content.partition(" #")[0] or (not found[1] and content[0] == "%"):
                raise line.error()
            self.lines.append(line)

    def document(self) -> YamlNode:
        if self.lines and self.lines[0].text == "---" and not self.lines[0].indent:
            self.at = 1
        if self.at == len(self.lines):
            return YamlNode(1, "")
        found = self._block(self.lines[self.at].indent, 0)
        if self.at < len(self.lines) and self.lines[self.at].text == "...":
            self.at += 1
        if self.at < len(self.lines) or not isinstance(found.value, dict):
            raise self.lines[min(self.at, len(self.lines) - 1)].error()
        return found

    def _block(self, indent: int, depth: int) -> YamlNode:
        line = self.lines[self.at]
        if depth > MAX_DEPTH:
            raise line.error()
        if _is_entry(line):
            return self._list(indent, depth)
        if line.text[0] not in "[{" and _key(line) is not None:
            return self._mapping(indent, depth)
        return self._inline(line, line.text, indent - 1)

    def _list(self, indent: int, depth: int) -> YamlNode:
        first = self.lines[self.at]
        entries: list[YamlNode] = []
        while self.at < len(self.lines) and self.lines[self.at].indent == indent and _is_entry(self.lines[self.at]):
            line = self.lines[self.at]
            rest = line.text[1:].lstrip(" ")
            if not rest or rest[0] == "#":
                self.at += 1
                entries.append(self._child(line, indent, depth, takes_list=False))
                continue
            # The entry's text is a block of its own, whose indentation is its column.
            moved = len(line.text) - len(rest)
            self.lines[self.at] = _YamlLine(line.number, line.start + moved, indent + moved, rest)
            entries.append(self._block(indent + moved, depth + 1))
        self._ends(indent)
        return YamlNode(first.number, entries)

    def _mapping(self, indent: int, depth: int) -> YamlNode:
        first = self.lines[self.at]
        members: dict[str, YamlNode] = {}
        while self.at < len(self.lines) and self.lines[self.at].indent == indent:
            line = self.lines[self.at]
            found = None if _is_entry(line) or line.text[0] in "[{" else _key(line)
            if found is None:
                break
            key, end = found
            rest = line.text[end:].strip()
            if not rest or rest[0] == "#":
                self.at += 1
                members[key] = self._child(line, indent, depth, takes_list=True)
            else:
                members[key] = self._inline(line, rest, indent)
        self._ends(indent)
        return YamlNode(first.number, members)

    def _ends(self, indent: int) -> None:
        """Refuse a line that is deeper than the block it follows, or that is at its depth and of another kind."""
        if self.at < len(self.lines) and self.lines[self.at].indent > indent:
            raise self.lines[self.at].error()

    def _child(self, line: _YamlLine, indent: int, depth: int, *, takes_list: bool) -> YamlNode:
        """Return the block below a key or a dash; an empty text without one."""
        after = self.lines[self.at] if self.at < len(self.lines) else None
        if after is None or after.indent < indent or (after.indent == indent and not (takes_list and _is_entry(after))):
            return YamlNode(line.number, "")
        return self._block(after.indent, depth + 1)

    def _inline(self, line: _YamlLine, rest: str, indent: int) -> YamlNode:
        """Return a value that begins in a line; ``indent`` is that of its parent."""
        if rest.startswith(_REFUSED):
            raise line.error()
        if rest[0] in "[{":
            return self._of_flow(line, rest)
        self.at += 1
        if rest[0] in "\"'":
            found = _QUOTED.match(rest)
            if found is None:
                raise line.error()
            return YamlNode(line.number, unescaped(found[1] if found[1] is not None else found[2], rest[0]))
        parts = [rest.partition(" #")[0].rstrip()]
        ended = parts[0] != rest
        while self.at < len(self.lines) and self.lines[self.at].indent > indent and not ended:
            more = self.lines[self.at]
            if _key(more) is not None:
                raise more.error()
            parts.append(more.text.partition(" #")[0].rstrip())
            ended = parts[-1] != more.text
            self.at += 1
        if any(": " in part or part.endswith(":") for part in parts):
            raise line.error()
        return YamlNode(line.number, " ".join(parts))

    def _of_flow(self, line: _YamlLine, rest: str) -> YamlNode:
        self.flow.position = line.start + line.text.index(rest)
        found = self.flow.value()
        end = self.text.find("\n", self.flow.position)
        left = self.text[self.flow.position : end if end >= 0 else len(self.text)]
        last = self.flow.line()
        if (left.strip() and not left.lstrip(" ").startswith("#")) or left.startswith("#"):
            raise self.flow.error()
        while self.at < len(self.lines) and self.lines[self.at].number <= last:
            self.at += 1
        return found


def _is_entry(line: _YamlLine) -> bool:
    return line.text == "-" or line.text.startswith("- ")


def _key(line: _YamlLine) -> tuple[str, int] | None:
    """Return the key that a line begins with, and the offset after its colon."""
    text = line.text
    if text[0] in "\"'":
        found = _QUOTED_KEY.match(text)
        if found is None:
            return None
        return unescaped(found[1] if found[1] is not None else found[2], text[0]), found.end()
    end = _KEY_END.search(text)
    if end is None or end[0] != ":" or text[0] in ",]}#&*!|>%@`" or text.startswith(("? ", ": ")):
        return None
    key = text[: end.start()].rstrip()
    if key in {"<<", ""}:
        raise line.error()
    return key, end.end()
