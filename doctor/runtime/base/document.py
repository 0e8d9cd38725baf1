"""Reads and writes JSON with the C scanner and encoder alone: the json package imports regular expressions, a tenth of
a launch.
"""

import _json

from doctor.runtime.base.frozen import LaunchError

_SPACE = " \t\n\r"


class _ScannerSettings:
    """Options of the scanner: as `json.loads`, but NaN and duplicate names in an object are errors."""

    strict = True
    object_hook = None
    array_hook = None
    parse_float = float
    parse_int = int

    @staticmethod
    def object_pairs_hook(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) < len(pairs):
            seen = [name for name, _ in pairs]
            raise LaunchError(
                f"the field '{next(name for name in seen if seen.count(name) > 1)}' occurs twice in one object"
            )
        return found

    @staticmethod
    def parse_constant(name: str) -> object:
        raise LaunchError(f"'{name}' is not JSON")


def parsed(text: str) -> object:
    """The JSON value of a text. Raises LaunchError with the error."""
    try:
        scanner = _json.make_scanner(_ScannerSettings())  # type: ignore[arg-type] # all that it reads of a JSONDecoder
        value, end = scanner(text, len(text) - len(text.lstrip(_SPACE)))
    except StopIteration as stop:
        raise LaunchError(f"is not JSON at character {stop.value}") from None
    except (ValueError, RecursionError) as error:
        raise LaunchError(f"is not JSON: {error}") from None
    if text[end:].strip(_SPACE):
        raise LaunchError(f"is not JSON at character {end}")
    return value


def written(value: object) -> str:
    """A value as JSON on one line. Raises TypeError for a value without a JSON form."""
    encode = _json.make_encoder(None, _refuse, _json.encode_basestring_ascii, None, ": ", ", ", False, False, True)
    return "".join(encode(value, 0))


def _refuse(value: object) -> object:
    raise TypeError(f"{type(value).__name__} has no JSON form")
