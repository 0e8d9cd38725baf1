"""Writes the table of the facts that checks and collectors ask for: ``python scripts/asked.py`` (``doctor/scan/asked.py``)."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from doctor.host.base import Host
from doctor.model.declare import CheckDeclaration
from doctor.plugins.load import load
from doctor.scan.asked import DEEP, TABLE
from doctor.scan.open_cuts import GIVEN, stage_of
from doctor.scan.resolve import find_collector, parameters, split
from doctor.scan.undecoded import judges_undecoded


def needed(function: Callable[..., Any]) -> list[type]:
    """Return the facts without which a function does not run."""
    found = (split(annotation, function) for annotation in parameters(function).values())
    return [fact for fact, takes_missing in found if not takes_missing and fact is not Host]


def checks() -> Iterator[tuple[str, list[type], bool]]:
    """Yield each check that the table can have: id, facts, and whether it runs only with ``--deep``."""
    catalog = load()
    for identity in sorted(catalog.checks):
        check = catalog.check(identity)
        facts = needed(check.function)
        is_given = bool(stage_of(check.function)) == bool(GIVEN.intersection(fact.__name__ for fact in facts))
        if isinstance(check.declaration, CheckDeclaration) and is_given and not judges_undecoded(check.function):
            yield identity, facts, check.declaration.deep


def lines() -> Iterator[str]:
    """Yield the lines of the table, sorted: checks, then facts."""
    seen: dict[str, tuple[str, list[type]]] = {}
    waiting: list[type] = []
    for identity, facts, is_deep in checks():
        waiting += facts
        yield " ".join((identity, *((DEEP,) if is_deep else ()), *(fact.__name__ for fact in facts)))
    while waiting:
        fact = waiting.pop()
        if fact.__name__ not in seen:
            own = [] if fact.__name__ in GIVEN else needed(find_collector(fact))
            seen[fact.__name__] = (fact.__module__, own)
            waiting += own
    for name, (module, own) in sorted(seen.items()):
        yield " ".join((name, module, *(fact.__name__ for fact in own)))


if __name__ == "__main__":
    Path(TABLE).write_text("\n".join(lines()) + "\n", encoding="utf-8")
