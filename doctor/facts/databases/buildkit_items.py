"""Values of BuildKit's ``metadata_v2.db``: the engine decodes all of them at its start, and fails if one is invalid.

Form: buildkit cache/metadata/metadata.go, ``Value``: an object with "value" (anything) and "index" (text).
"""

from collections.abc import Iterator

import msgspec

from doctor.facts.databases.flawed_records import flips, is_as_written
from doctor.formats.databases.bolt import Bucket

_MAX_FLAWED = 64


class _Value(msgspec.Struct, frozen=True):
    value: msgspec.Raw = msgspec.Raw(b"null")
    index: str = ""


class _Strict(_Value, frozen=True, forbid_unknown_fields=True):
    pass


_DECODER = msgspec.json.Decoder(_Value)
_STRICT = msgspec.json.Decoder(_Strict)


def flawed_items(root: Bucket | None) -> Iterator[tuple[bytes, bytes]]:
    """Yield (key, value) of the records that the engine can't decode, the first 64."""
    main = root.at("_main") if root is not None else None
    left = _MAX_FLAWED
    for item in main.buckets.values() if main is not None else ():
        for key, value in item.keys.items():
            if value and not _decodes(_DECODER, value):
                left -= 1
                yield key, value
                if not left:
                    return


def corrected_item(value: bytes) -> bytes | None:
    """Return the value with its flipped bit corrected, ``None`` if several bits are possible."""
    ways = [way for way in flips(value, 0) if _decodes(_STRICT, way) and is_as_written(way, sort_keys=False)]
    return ways[0] if len(ways) == 1 else None


def _decodes(decoder: "msgspec.json.Decoder[_Value] | msgspec.json.Decoder[_Strict]", value: bytes) -> bool:
    try:
        decoder.decode(value)
        value.decode()
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True
