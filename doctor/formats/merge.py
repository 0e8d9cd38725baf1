"""Three-way merges: a repair's changes are undone, later changes are kept."""

import difflib
import json
from typing import Any

from doctor.formats.databases import bolt
from doctor.formats.databases.bolt import Bucket
from doctor.formats.databases.bolt_write import write
from doctor.formats.json_safe import load_first
from doctor.model.errors import FormatError

_NOTHING = object()
Tree = dict[Any, Any]


def merge(before: bytes, left: bytes, now: bytes) -> bytes | None:
    """Return a content with the repair's changes (``before`` → ``left``) undone and later ones (``left`` → ``now``)
    kept.

    Bolt databases are merged by record, text by line, and JSON objects by key as a fallback. ``None`` if one of them is
    damaged, or if both changed the same lines.
    """
    trees = [tree for data in (before, left, now) if (tree := _tree(data)) is not None]
    if len(trees) == 3:
        return _bolt(*trees)
    values = [value for data in (before, left, now) if (value := _object(data)) is not None]
    merged = lines(before, left, now)
    if len(values) < 3 or (merged is not None and _object(merged) is not None):
        return merged
    # In the engine's format, or in a user's.
    how: dict[str, Any] = {"indent": 4} if now.count(b"\n") > 1 else {"separators": (",", ":")}
    return json.dumps(three_way(*values), **how).encode() + (b"\n" if now.endswith(b"\n") else b"")


def three_way(before: Tree, left: Tree, now: Tree) -> Tree:
    """Merge by key; if both changed one key, the later change is kept.

    >>> three_way({"a": 1}, {"a": 2}, {"a": 2, "b": 3}), three_way({"a": 1}, {"a": 2}, {"a": 4})
    ({'a': 1, 'b': 3}, {'a': 4})
    """
    merged = {}
    for key in dict.fromkeys((*before, *left, *now)):
        was, done, is_now = (side.get(key, _NOTHING) for side in (before, left, now))
        if all(isinstance(side, dict) for side in (was, done, is_now)):
            value: Any = three_way(was, done, is_now)
        else:
            value = was if is_now == done else is_now
        if value is not _NOTHING:
            merged[key] = value
    return merged


def lines(before: bytes, left: bytes, now: bytes) -> bytes | None:
    r"""Merge text by line; ``None`` if both changed the same or adjacent lines, or if one is not text.

    >>> lines(b"a=1\nb=1\nc=1\n", b"a=2\nb=1\nc=1\n", b"a=2\nb=1\nc=9\n")
    b'a=1\nb=1\nc=9\n'
    """
    if any(b"\0" in data for data in (before, left, now)):
        return None
    base = left.splitlines(keepends=True)
    edits = []
    for other in (before, now):
        rows = other.splitlines(keepends=True)
        matcher = difflib.SequenceMatcher(None, base, rows, autojunk=False)
        edits.append([(i, j, rows[k:m]) for tag, i, j, k, m in matcher.get_opcodes() if tag != "equal"])
    mine, later = edits
    if any(i <= end and start <= j for i, j, _ in mine for start, end, _ in later):
        return None
    for start, end, rows in sorted((*mine, *later), key=lambda edit: edit[0], reverse=True):
        base[start:end] = rows
    return b"".join(base)


def _object(data: bytes) -> Tree | None:
    try:
        found = load_first(data)
    except FormatError:
        return None
    return found.value if isinstance(found.value, dict) and not found.trailing else None


def _tree(data: bytes) -> Bucket | None:
    try:
        best = bolt.read(data).best
    except FormatError:
        return None
    return None if best is None or not best.is_clean else best.root


def _bolt(before: Bucket, left: Bucket, now: Bucket) -> bytes | None:
    try:
        return write(_bucket(three_way(_plain(before), _plain(left), _plain(now))))
    except FormatError:
        return None


def _plain(bucket: Bucket) -> Tree:
    nested = {("bucket", name): _plain(inner) for name, inner in bucket.buckets.items()}
    return {"sequence": bucket.sequence, **{("key", key): value for key, value in bucket.keys.items()}, **nested}


def _bucket(plain: Tree) -> Bucket:
    pairs = {key: value for key, value in plain.items() if isinstance(key, tuple)}
    return Bucket(
        keys={key: value for (kind, key), value in pairs.items() if kind == "key"},
        buckets={key: _bucket(value) for (kind, key), value in pairs.items() if kind == "bucket"},
        sequence=plain.get("sequence", 0),
    )
