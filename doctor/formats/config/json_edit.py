"""Edits a daemon.json and keeps every other byte: order, indentation, comments, line ends."""

import json
from collections.abc import Callable
from typing import Any

from doctor.formats.config import daemon_json, json_tree
from doctor.formats.config.json_lexer import Edit
from doctor.formats.config.json_mend import apply
from doctor.formats.config.json_text import JsonText, open_text
from doctor.formats.config.json_tree import JsonNode, Member
from doctor.formats.text import line_end, place
from doctor.model.errors import FormatError

Path = str | tuple[str, ...]
"""A top-level key, or the path of keys to a nested one."""


def set_value(data: bytes, path: Path, value: Any) -> bytes:
    r"""The file with one setting changed in place, or added after the last one in the file's own style.

    An empty file, and `null`, become an object. An equal value is a no-op.

    Args:
        data: the file, possibly with comments that dockerd would reject.
        path: "log-driver" or ("log-opts", "max-size"); missing objects are created.
        value: any JSON value.

    Raises:
        FormatError: the file can't be parsed, or a parent is not an object.

    >>> print(set_value(b'{\n    "debug": true\n}\n', ("log-opts", "max-size"), "10m").decode(), end="")
    {
        "debug": true,
        "log-opts": {
            "max-size": "10m"
        }
    }
    """
    keys = (path,) if isinstance(path, str) else path
    opened, root = _open(data)
    if root is None:
        return opened.encode(_fresh(opened.text, keys, value))
    node = root
    for depth, key in enumerate(keys):
        _require_object(opened.text, node, keys[:depth])
        member = _last(node, key)
        if member is None:
            for name in reversed(keys[depth + 1 :]):
                value = {name: value}
            return _changed(opened, _insertion(opened.text, root, node, key, value))
        if depth == len(keys) - 1:
            if _same(opened.text, member.value, value):
                return data
            new = _written(opened.text, root, value, *_style_at(opened.text, member.start))
            return _changed(opened, [Edit(start=member.value.start, end=member.value.end, new=new)])
        node = member.value
    raise FormatError("no key to set")


def remove_key(data: bytes, path: Path) -> bytes:
    r"""The file without a key and its duplicates; comments beside it stay. A no-op if it is missing.

    Raises:
        FormatError: the file can't be parsed.

    >>> remove_key(b'{"debug": true, "graph": "/srv", "mtu": 1400}', "graph")
    b'{"debug": true, "mtu": 1400}'
    """

    def removal(text: str, node: JsonNode, key: str) -> list[Edit]:
        return _removals(text, node, [number for number, member in enumerate(node.members) if member.key == key])

    return _at(data, path, removal)


def count(data: bytes, key: str) -> int:
    """How often a key occurs at top level. Raises FormatError if the file can't be parsed."""
    _, root = _open(data)
    return 0 if root is None else sum(member.key == key for member in root.members)


def keep_one(data: bytes, key: str, number: int) -> bytes:
    r"""The file with one of the values of a top-level key, the others removed. A no-op if it has fewer values.

    Raises:
        FormatError: the file can't be parsed.

    >>> keep_one(b'{"debug": true, "mtu": 1400, "debug": false}', "debug", 0)
    b'{"debug": true, "mtu": 1400}'
    """

    def removal(text: str, node: JsonNode, name: str) -> list[Edit]:
        found = [at for at, member in enumerate(node.members) if member.key == name]
        return _removals(text, node, [at for at in found if at != found[number]]) if number < len(found) else []

    return _at(data, key, removal)


def rename_key(data: bytes, path: Path, new: str) -> bytes:
    """The file with a key renamed. A no-op if the key is missing.

    Raises:
        FormatError: the file can't be parsed, or the new name is taken.

    >>> rename_key(b'{"graph" : "/srv/docker"}', "graph", "data-root")
    b'{"data-root" : "/srv/docker"}'
    """

    def rename(text: str, node: JsonNode, key: str) -> list[Edit]:
        found = [member for member in node.members if member.key == key]
        taken = _last(node, new)
        if found and taken is not None and new != key:
            raise FormatError(f"{key!r} can't be renamed to {new!r}, which is set too", where=place(text, taken.start))
        return [Edit(start=member.start, end=member.key_end, new=_dump(new)) for member in found]

    return _at(data, path, rename)


def _open(data: bytes) -> tuple[JsonText, JsonNode | None]:
    """The text and its tree; no tree for an empty file and for `null`."""
    if len(data) > daemon_json.MAX_BYTES:
        raise FormatError(f"not read: {len(data)} bytes, the limit is {daemon_json.MAX_BYTES}")
    opened = open_text(data)
    start, end = opened.bounds()
    if opened.text[start:end] in {"", "null"}:
        return opened, None
    root, mistakes = json_tree.parse(opened.text, start, end)
    for mistake in mistakes:
        # An ambiguous mistake can't be edited around: its owner must fix it first.
        if not mistake.edits:
            raise FormatError(f"can't edit: {mistake.kind.replace('-', ' ')}", where=place(opened.text, mistake.start))
    if root is None:
        raise FormatError("can't edit: it can't be parsed")
    _require_object(opened.text, root, ())
    return opened, root


def _require_object(text: str, node: JsonNode, keys: tuple[str, ...]) -> None:
    if node.kind != "object":
        raise FormatError(f"{'.'.join(keys) or 'the whole'} is not an object", where=place(text, node.start))


def _at(data: bytes, path: Path, change: Callable[[str, JsonNode, str], list[Edit]]) -> bytes:
    keys = (path,) if isinstance(path, str) else path
    opened, root = _open(data)
    if root is None or not keys:
        return data
    nodes = [root]
    for key in keys[:-1]:
        nodes = [member.value for node in nodes for member in node.members if member.key == key]
    edits = [edit for node in nodes for edit in change(opened.text, node, keys[-1])]
    return _changed(opened, edits) if edits else data


def _changed(opened: JsonText, edits: list[Edit]) -> bytes:
    return opened.encode(apply(opened.text, edits))


def _last(node: JsonNode, key: str) -> Member | None:
    """The effective member: the last of its name."""
    return next((member for member in reversed(node.members) if member.key == key), None)


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _same(text: str, node: JsonNode, value: Any) -> bool:
    try:
        # Types are compared too: for Python True is 1.
        return _dump(json.loads(text[node.start : node.end])) == _dump(value)
    except ValueError:
        return False


def _fresh(text: str, keys: tuple[str, ...], value: Any) -> str:
    if not keys:
        raise FormatError("no key to set")
    for key in reversed(keys):
        value = {key: value}
    end = line_end(text)
    return json.dumps(value, ensure_ascii=False, indent=2).replace("\n", end) + end


def _indent_at(text: str, offset: int) -> str:
    """The indentation of the line of an offset."""
    start = text.rfind("\n", 0, offset) + 1
    end = start
    while end < offset and text[end] in " \t":
        end += 1
    return text[start:end]


def _style_at(text: str, offset: int) -> tuple[str, str]:
    return _indent_at(text, offset), line_end(text, offset)


def _is_spread(text: str, node: JsonNode) -> bool:
    """Whether an object's members are on separate lines."""
    first = node.members[0].start if node.members else node.end
    return "\n" in text[node.start : first]


def _unit(text: str, root: JsonNode) -> str:
    """One step of the file's indentation: that of its first member, else two blanks."""
    if root.members and _is_spread(text, root):
        return _indent_at(text, root.members[0].start).removeprefix(_indent_at(text, root.start)) or "  "
    return "  "


def _colon(text: str, node: JsonNode) -> str:
    """The separator between a key and its value in this file."""
    for member in node.members:
        between = text[member.key_end : member.value.start]
        if between.strip() == ":" and "\n" not in between:
            return between
    return ": "


def _written(text: str, root: JsonNode, value: Any, indent: str, end_of_line: str) -> str:
    """A value as text in the file's style, for a line that begins with `indent`."""
    is_spread = _is_spread(text, root) or not root.members
    if not isinstance(value, dict | list) or not value or not is_spread:
        return _dump(value)
    spread = json.dumps(value, ensure_ascii=False, indent=_unit(text, root))
    return spread.replace("\n", end_of_line + indent)


def _insertion(text: str, root: JsonNode, node: JsonNode, key: str, value: Any) -> list[Edit]:
    """The edits that add a member at the end of an object."""
    if not node.members:
        return [_filling(text, root, node, key, value)]
    end_of_line = line_end(text, node.end)
    last = node.members[-1]
    indent = _indent_at(text, last.start)
    entry = f"{_dump(key)}{_colon(text, node)}{_written(text, root, value, indent, end_of_line)}"
    edits = [] if last.comma >= 0 else [Edit(start=last.value.end, end=last.value.end, new=",")]
    behind = max(last.comma + 1, last.value.end)
    if not _is_spread(text, node):
        blank = " " if len(node.members) < 2 or text[node.members[1].start - 1] in " \t" else ""
        return [*edits, Edit(start=behind, end=behind, new=blank + entry)]
    # A comment after the last member belongs to it: the new member goes below.
    closing = node.end - 1
    line = text.find("\n", behind, closing)
    at = closing if line < 0 else line - (text[line - 1] == "\r")
    tail = text[behind:at]
    at = behind if not tail.strip() or "/*" in tail else at
    return [*edits, Edit(start=at, end=at, new=f"{end_of_line}{indent}{entry}")]


def _filling(text: str, root: JsonNode, node: JsonNode, key: str, value: Any) -> Edit:
    """The edit that adds the first member to an empty object."""
    outer, end_of_line = _indent_at(text, node.start), line_end(text, node.end)
    head = _dump(key) + _colon(text, root)
    if node is not root and not _is_spread(text, node) and not _is_spread(text, root):
        new = f"{{{head}{_written(text, root, value, outer, end_of_line)}}}"
        return Edit(start=node.start, end=node.end, new=new)
    inner = outer + _unit(text, root)
    entry = f"{inner}{head}{_written(text, root, value, inner, end_of_line)}"
    # A comment inside an otherwise empty object stays in front of the new member.
    kept = node.start + 1 + len(text[node.start + 1 : node.end - 1].rstrip(" \t\r\n"))
    return Edit(start=kept, end=node.end - 1, new=f"{end_of_line}{entry}{end_of_line}{outer}")


def _removals(text: str, node: JsonNode, numbers: list[int]) -> list[Edit]:
    gone = set(numbers)
    edits = []
    for number in numbers:
        member = node.members[number]
        start, end = _cut_of(text, node, member)
        edits.append(Edit(start=start, end=member.value.end, new=""))
        if member.comma >= 0:
            edits.append(Edit(start=member.comma, end=max(end, member.comma + 1), new=""))
        elif end > member.value.end:
            edits.append(Edit(start=member.value.end, end=end, new=""))
    kept = [number for number in range(len(node.members)) if number not in gone]
    if kept and kept[-1] != len(node.members) - 1 and node.members[-1].comma < 0:
        comma = node.members[kept[-1]].comma
        if comma >= 0:
            edits.append(Edit(start=comma, end=comma + 1, new=""))
    return edits


def _cut_of(text: str, node: JsonNode, member: Member) -> tuple[int, int]:
    """The white space removed with a member: its whole line, or the blanks on one side of it."""
    start, end = member.start, max(member.value.end, member.comma + 1)
    line = start
    while line > node.start + 1 and text[line - 1] in " \t":
        line -= 1
    after = end
    while after < node.end - 1 and text[after] in " \t":
        after += 1
    if text[line - 1] == "\n" and text.startswith(("\n", "\r\n"), after):
        return line, after + (1 if text[after] == "\n" else 2)
    if member.comma >= 0:
        return start, after
    # The last on its line: the blanks before it are removed instead.
    return (line if text[line - 1] == "," else start), end
