"""The problem of a registry, and small words."""

from typing import Any

from msgspec import Struct


class Trouble(Struct, frozen=True, kw_only=True):
    """Why a registry can't be used.

    Attributes:
        text: the cause, continuing the registry's name ("mirror.lan refuses …").
        do: the remedy, "" if nothing on this host helps.
        is_unreachable: nothing answered: by design on an isolated host.
        is_nameless: the name servers say that the name does not exist.
        is_doubt: it is not certain.
        is_proxy: the proxy is at fault, so every registry behind it is.
        is_local: this host's own setting is the cause.
    """

    text: str
    do: str = ""
    is_unreachable: bool = False
    is_nameless: bool = False
    is_doubt: bool = False
    is_proxy: bool = False
    is_local: bool = False


def server_time(said: dict[str, Any]) -> float | None:
    """Return the registry's clock by its Date header."""
    headers = said.get("headers")
    text = headers.get("date") if isinstance(headers, dict) else None
    if not isinstance(text, str):
        return None
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - only with an answer of a registry

    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None


def duration(seconds: float) -> str:
    """Return a time span in its largest unit.

    >>> duration(200), duration(7200), duration(86400 * 400)
    ('3 minutes', '2 hours', '400 days')
    """
    for size, word in ((86400, "day"), (3600, "hour")):
        if seconds >= 2 * size:
            return f"{round(seconds / size)} {word}s"
    return f"{round(seconds / 60)} minutes"
