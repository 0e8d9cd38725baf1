"""Values of flags, converted to the form of daemon.json."""

import re
from typing import Any

from doctor.facts.config.options import OPTIONS
from doctor.facts.secrets.redact import Concealed, conceal
from doctor.formats.config.flags import parse_bool


def concealed_flag(key: str, value: str) -> str:
    """Return the value of a flag, ``Concealed`` if it holds a secret; ``--log-opt`` holds "name=value".

    >>> str(concealed_flag("log-opts", "splunk-token=1234-5678"))
    'splunk-token=***'
    """
    name, equals, rest = value.partition("=")
    if equals and OPTIONS.get(key) is not None and OPTIONS[key].kind in {"string-map", "object-map"}:
        shown = f"{name}={conceal(name, rest)}"
        return value if shown == value else Concealed(value, shown)
    found: str = conceal(key, value)
    return found


def from_flags(key: str, values: tuple[str, ...]) -> Any:
    """Return the value that flags of one key set, in the form of daemon.json. A value of another type stays text.

    >>> from_flags("log-opts", ("max-size=10m", "max-file=3"))
    {'max-size': '10m', 'max-file': '3'}
    >>> from_flags("icc", ("false",)), from_flags("mtu", ("1400",)), from_flags("hosts", ("fd://",))
    (False, 1400, ['fd://'])
    """
    return conceal(key, _from_flags(key, values))


def _from_flags(key: str, values: tuple[str, ...]) -> Any:
    option = OPTIONS.get(key)
    kind = "string" if option is None else option.kind
    last = values[-1]
    if kind == "bool":
        read = parse_bool(last)
        return last if read is None else read
    if kind == "int":
        return int(last) if re.fullmatch(r"-?\d+", last) else last
    if kind in {"strings", "objects"}:
        return list(values)
    if kind == "string-map":
        return {name: value for name, _, value in (text.partition("=") for text in values)}
    if kind == "bool-map":
        return {name: parse_bool(value or "true") for name, _, value in (text.partition("=") for text in values)}
    if key == "runtimes":
        return {name: {"path": path} for name, _, path in (text.partition("=") for text in values)}
    if kind in {"object", "object-map"}:
        return {name: value for name, _, value in (text.partition("=") for text in values)}
    return last


def joined(first: Any, second: Any) -> Any:
    """Merge two values of one setting; ``None`` if they contradict each other.

    >>> joined(["tcp://127.0.0.1:2375"], ["fd://"]), joined({"a": "1"}, {"a": "2"}), joined("x", "x")
    (['fd://', 'tcp://127.0.0.1:2375'], None, 'x')
    """
    if first == second:
        return first
    if isinstance(first, list) and isinstance(second, list):
        return [*second, *(item for item in first if item not in second)]
    if isinstance(first, dict) and isinstance(second, dict):
        same = all(first[name] == second[name] for name in first.keys() & second.keys())
        return {**first, **second} if same else None
    return None
