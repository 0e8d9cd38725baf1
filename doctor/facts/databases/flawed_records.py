"""Corrupt records of a database, and the search for a single flipped bit that explains them."""

import json
from collections.abc import Iterator

from msgspec import Struct

from doctor.formats.json_safe import load
from doctor.model.errors import FormatError
from doctor.model.text import flipped_byte

Records = dict[bytes, bytes]
"""Key → value."""

MAX_SEARCH = 1 << 14
"""Longer records are not searched: each bit costs one decoding."""

_ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})


class FlawedRecord(Struct, frozen=True, kw_only=True):
    """A record that no engine writes like this.

    Attributes:
        key: its key in the bucket.
        kind: ``network``, ``bridge-endpoint``, ``volume`` …; "" if the key names none.
        ids: the ids in the key.
        problem: what is wrong.
        refused: whether the engine can't decode it.
        slips: (text in the record, text in the other copies) if only a comparison shows the corruption and the right value.
        kept: the value in the metadata backup if it proves the corruption, else b"".
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
        """The name of the record in messages: "bridge-endpoint 02ce371fce6e"."""
        return f"{self.kind} {self.ids[-1][:12]}" if self.kind else repr(self.key[:60])


def flips(data: bytes, start: int) -> Iterator[bytes]:
    """Yield the data with each single bit after ``start`` flipped; nothing if it is too long for a search."""
    for position in range(start, len(data) if len(data) <= MAX_SEARCH else start):
        for bit in range(8):
            yield data[:position] + bytes([data[position] ^ 1 << bit]) + data[position + 1 :]


def is_altered(value: bytes, kept: bytes) -> bool:
    """Whether only one bit differs, except if it turns one digit into another: the engine changes its counters.

    >>> is_altered(b'{"Internal":tsue}', b'{"Internal":true}'), is_altered(b'{"Count":1}', b'{"Count":0}')
    (True, False)
    """
    position = flipped_byte(value, kept)
    return position >= 0 and not (value[position : position + 1].isdigit() and kept[position : position + 1].isdigit())


def is_as_written(body: bytes, *, sort_keys: bool) -> bool:
    """Whether the bytes are as Go's encoder writes them: no blanks, its own escapes, the keys of a map in order."""
    try:
        value = load(body)
    except FormatError:
        return False
    if sort_keys and isinstance(value, dict) and list(value) != sorted(value):
        return False
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return text.translate(_ESCAPES).encode("utf-8", "surrogatepass") == body
