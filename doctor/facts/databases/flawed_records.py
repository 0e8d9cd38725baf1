"""Records of a database that no engine writes so, and the search for the one bit that explains it."""

import json
from collections.abc import Iterator

from msgspec import Struct

from doctor.formats.json_safe import load
from doctor.model.errors import FormatError
from doctor.model.text import flipped_byte

Records = dict[bytes, bytes]
"""Key → value."""

MAX_SEARCH = 1 << 14
"""Longer records are not searched: each of their bits costs a decoding."""

_ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})


class FlawedRecord(Struct, frozen=True, kw_only=True):
    """A record that is not as an engine writes it.

    Attributes:
        key: in its bucket.
        kind: ``network``, ``bridge-endpoint``, ``volume`` …; "" if the key names none.
        ids: that the key names.
        problem: what is wrong.
        refused: whether the engine can't decode it.
        slips: (text in the record, what the other copies have) where only a comparison shows it, and which one is right.
        kept: the value as the metadata backup has it, where that proves it; else b"".
    """

    key: bytes
    kind: str
    ids: tuple[str, ...]
    problem: str
    refused: bool
    slips: tuple[tuple[str, str], ...] = ()
    kept: bytes = b""

    @property
    def title(self) -> str:
        """The record for a person: "bridge-endpoint 02ce371fce6e"."""
        return f"{self.kind} {self.ids[-1][:12]}" if self.kind else repr(self.key[:60])


def flips(data: bytes, start: int) -> Iterator[bytes]:
    """Yield the data with each single bit behind ``start`` flipped; nothing where it is too long for a search."""
    for position in range(start, len(data) if len(data) <= MAX_SEARCH else start):
        for bit in range(8):
            yield data[:position] + bytes([data[position] ^ 1 << bit]) + data[position + 1 :]


def is_altered(value: bytes, kept: bytes) -> bool:
    """Whether only one bit differs, and not as one digit from another: the engine counts.

    >>> is_altered(b'{"Internal":tsue}', b'{"Internal":true}'), is_altered(b'{"Count":1}', b'{"Count":0}')
    (True, False)
    """
    position = flipped_byte(value, kept)
    return position >= 0 and not (value[position : position + 1].isdigit() and kept[position : position + 1].isdigit())


def is_as_written(body: bytes, *, sort_keys: bool) -> bool:
    """Whether Go's encoder writes this: no blank, its own escapes, the keys of a map in order."""
    try:
        value = load(body)
    except FormatError:
        return False
    if sort_keys and isinstance(value, dict) and list(value) != sorted(value):
        return False
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return text.translate(_ESCAPES).encode("utf-8", "surrogatepass") == body
