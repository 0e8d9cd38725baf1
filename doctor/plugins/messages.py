"""The table of error lines: those of all checks and probes in the catalog, and the topics, which have neither.

It is built when a line is matched. ``doctor explain`` and the collectors of logs and of containers' errors use it.
"""

import os
from collections.abc import Callable, Iterable
from functools import cache, partial

from msgspec import Struct

from doctor import own_file
from doctor.model.declare import CheckDeclaration, ProbeDeclaration
from doctor.model.message import Explained, KnownMessage, Message, Release, explain
from doctor.plugins.catalog import Catalog
from doctor.plugins.catalog_entry import Loaded

TOPICS = os.path.join(os.path.dirname(__file__), "topics.toml")


class Topic(Struct, frozen=True, kw_only=True):
    """A subject that users know by name, or an error line without a check.

    Attributes:
        names: how users call it, in lower case; the first one is its own.
        pattern: as in ``Message``; "" without a line.
        examples: lines that the pattern matches, verbatim.
        means: its meaning in one sentence.
        do: the remedy.
        source: the address of the statement.
        checks: ids of related checks.
    """

    names: tuple[str, ...]
    pattern: str
    examples: tuple[str, ...]
    means: str
    do: str
    source: str
    checks: tuple[str, ...] = ()


@cache
def topics() -> tuple[Topic, ...]:
    """Return all topics; they are parsed once."""
    import tomllib  # noqa: PLC0415 - only an error line needs it

    entries = tomllib.loads(own_file(TOPICS).decode())["topic"]
    return tuple(
        Topic(
            names=tuple(entry["names"]),
            pattern=entry["pattern"],
            examples=tuple(entry["examples"]),
            means=entry["means"],
            do=entry["do"],
            source=entry["source"],
            checks=tuple(entry.get("checks", ())),
        )
        for entry in entries
    )


def table(catalog: Catalog) -> tuple[KnownMessage, ...]:
    """Return the messages of all checks, probes and topics. A check that can't be imported has none: the scan reports it."""
    found = []
    for identity in catalog.checks:
        messages = _messages(partial(catalog.check, identity))
        found += [KnownMessage(message, (identity, *message.also), source=message.source) for message in messages]
    for name in catalog.probes:
        messages = _messages(partial(catalog.probe, name))
        found += [KnownMessage(message, message.also, source=message.source, probe=name) for message in messages]
    for topic in topics():
        if topic.pattern:
            message = Message(pattern=topic.pattern, example=topic.examples[0], means=topic.means, do=topic.do)
            found.append(KnownMessage(message, topic.checks, topic.names[0], topic.source))
    return tuple(found)


def _messages(loaded: Callable[[], Loaded]) -> tuple[Message, ...]:
    try:
        declaration = loaded().declaration
    except Exception:  # noqa: BLE001 - boundary 2 of 3: the scan reports a check that can't be loaded
        return ()
    return declaration.messages if isinstance(declaration, CheckDeclaration | ProbeDeclaration) else ()


def latest_table() -> tuple[KnownMessage, ...]:
    """Return the messages of the latest catalog."""
    from doctor.plugins.load import latest  # noqa: PLC0415 - only an error line needs it

    return table(latest())


def explained(lines: Iterable[str], release: Release | None = None) -> dict[str, Explained]:
    """Return the explanations of lines by the latest catalog; a line without one is left out. The table is built once.

    ``release`` is that of the engine, if it is known.
    """
    wanted = dict.fromkeys(line for line in lines if line)
    known = latest_table() if wanted else ()
    found = ((line, explain(line, known, release)) for line in wanted)
    return {line: best for line, best in found if best is not None}
