"""``doctor scan --for-engine VERSION``: examine the host as if that engine were installed."""

import re

from doctor.facts.engine.state import EngineVersion
from doctor.facts.engine.versions import Lifecycles
from doctor.model.errors import UsageError
from doctor.scan.resolve import Facts

_OPTION = "--for-engine"


def refuse_others(**others: bool) -> None:
    """Raise ``UsageError`` if another option needs the host as it is: ``refuse_others(probe=True)``."""
    for name in (name.replace("_", "-") for name, given in others.items() if given):
        raise UsageError(
            f"an upgrade is judged by {_OPTION}, and the host as it is by --{name}: they can't be combined",
            do=f"leave out --{name}",
        )


def wanted(text: str, facts: Facts) -> EngineVersion:
    """Return the version that ``--for-engine`` names; "29" means the latest known release of that series."""
    table, now = facts.get(Lifecycles), facts.get(EngineVersion)
    known = table.series_names(now.major if isinstance(now, EngineVersion) else 0)
    numbers = tuple(int(part) for part in text.split(".")) if re.fullmatch(r"\d{1,3}(\.\d{1,3}){0,2}", text) else ()
    series = table.of_engine(numbers) if numbers else None
    if series is None:
        raise UsageError(
            f"{_OPTION} '{text}' names a release of the engine that doctor does not know",
            do=f"choose one of {', '.join(known)}, or a full version such as {_last(table.engine[-1].last)}",
        )
    if len(numbers) < 2 or numbers == (20, 10):
        text = _last(series.last)
        numbers = tuple(map(int, text.split(".")))
    major, minor, patch = (*numbers, 0, 0)[:3]
    if isinstance(now, EngineVersion) and (major, minor, patch) < now.release:
        raise UsageError(
            f"engine {text} ({_OPTION}) is older than the engine {now.text} of this host, and only upgrades are judged",
            do=f"choose one of {', '.join(known)}",
        )
    return EngineVersion(text=text, release=(major, minor, patch), source=_OPTION)


def _last(words: str) -> str:
    """Return the version at the beginning of the table's words.

    >>> _last("29.9.0 (October 2026)"), _last("23.0.18 (May 2025), and no packages")
    ('29.9.0', '23.0.18')
    """
    return re.split(r"[ ,]", words, maxsplit=1)[0]
