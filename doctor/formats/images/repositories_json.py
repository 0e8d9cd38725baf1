"""Parses repositories.json with the position of each word, and the grammar of its references."""

import json
import re
from collections.abc import Iterator

from msgspec import Struct

from doctor.formats.images.oci_digest import is_digest

# distribution/reference, regexp.go; ASCII, as Go's \w is.
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_DOMAIN = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_NAME = re.compile(rf"(?:{_DOMAIN}/)?{_PART}(?:/{_PART})*", re.ASCII)
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", re.ASCII)
_NAME_LENGTH = 255
_TOKEN = re.compile(rb'"((?:[^"\\]|\\.)*)"|[{}\[\],:]', re.DOTALL)
_KEYS = 3


class TagWord(Struct, frozen=True, kw_only=True):
    """A string of the file: ``start`` and ``end`` (exclusive) of the bytes between its quotes, and their value."""

    start: int
    end: int
    text: str


class Line(Struct, frozen=True, kw_only=True):
    """One name of an image with the keys above it.

    Attributes:
        top: the key of the whole list, "Repositories".
        repository: the key of the name's repository; the lines of a repository share one.
        reference: the name.
        digest: of its image.
    """

    top: TagWord
    repository: TagWord
    reference: TagWord
    digest: TagWord


def read(data: bytes) -> tuple[Line, ...]:
    """Return the lines of a JSON file in order, including duplicates; other shapes are skipped.

    >>> line = read(b'{"Repositories":{"app":{"app:1":"sha256:00"}}}')[0]
    >>> line.repository, line.reference.text, line.digest.text
    (TagWord(start=18, end=21, text='app'), 'app:1', 'sha256:00')
    """
    return tuple(_lines(data))


def _lines(data: bytes) -> Iterator[Line]:
    opened: list[bytes] = []
    keys: dict[int, TagWord] = {}
    is_key = True
    for match in _TOKEN.finditer(data):
        token = match[0]
        if token in b"{[":
            opened.append(token)
            is_key = token == b"{"
        elif token in b"}]":
            if opened:
                opened.pop()
            if not opened:
                return
        elif token in b":,":
            is_key = token == b"," and opened[-1:] == [b"{"]
        elif is_key:
            keys[len(opened)] = _word(data, match)
        elif len(opened) == _KEYS and b"[" not in opened:
            yield Line(top=keys[1], repository=keys[2], reference=keys[3], digest=_word(data, match))


def _word(data: bytes, match: re.Match[bytes]) -> TagWord:
    start, end = match.span(1)
    return TagWord(start=start, end=end, text=meaning(data[start:end]) or "")


def meaning(raw: bytes) -> str | None:
    r"""Return the value of the bytes between the quotes of a JSON string, as Go reads them; ``None`` if they end it
    early.

    >>> meaning(b"app:1"), meaning(rb"app:\u0031"), meaning(b'a"b'), meaning(b"a\xe5")
    ('app:1', 'app:1', None, 'a\ufffd')
    """
    if raw.isascii() and b"\\" not in raw and b'"' not in raw and (text := raw.decode()).isprintable():
        return text
    try:
        text = json.loads(f'"{raw.decode("utf-8", "replace")}"')
    except ValueError:
        return None
    return text if isinstance(text, str) else None


def is_repository(name: str) -> bool:
    """Whether a text is the name of a repository.

    >>> is_repository("localhost:5000/team/app"), is_repository("App"), is_repository("a--b"), is_repository("a..b")
    (True, False, True, False)
    """
    return len(name) <= _NAME_LENGTH and _NAME.fullmatch(name) is not None


def is_reference_of(repository: str, reference: str) -> bool:
    """Whether a text is a tag or digest of a repository in dockerd's stored form.

    >>> is_reference_of("app", "app:1"), is_reference_of("app", "apq:1"), is_reference_of("app", "app:!")
    (True, False, False)
    """
    if not reference.startswith(repository) or not is_repository(repository):
        return False
    mark, rest = reference[len(repository) : len(repository) + 1], reference[len(repository) + 1 :]
    return (mark == ":" and _TAG.fullmatch(rest) is not None) or (mark == "@" and is_digest(rest))
