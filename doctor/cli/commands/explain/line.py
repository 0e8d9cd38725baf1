"""Explains error lines, logs and topics for ``doctor explain``, and looks for the possible causes on this host."""

from collections.abc import Iterable

from doctor.cli.commands.explain.given import Given
from doctor.cli.commands.explain.unknown import unknown
from doctor.cli.common import SharedOptions, open_host
from doctor.cli.spelled import command
from doctor.cli.wrapped import about, bold, filled
from doctor.facts.engine.log import Blamed, blame
from doctor.facts.secrets.redact import redact
from doctor.model.errors import DoctorError
from doctor.model.message import Explained, KnownMessage, Release, explain
from doctor.model.text import plural, visible
from doctor.plugins.catalog import Catalog
from doctor.plugins.messages import Topic, table, topics

_LONGEST = 400
_LONGEST_NAME = 60
_MOST_OTHERS = 3
_MOST_WORDS = 5
"""Significant words of a subject; a text with more is a message."""
_FILLERS = frozenset(
    {"a", "an", "and", "container", "docker", "error", "failed", "for", "how", "in", "is", "mode", "not", "of", "on"}
    | {"found", "no", "problem", "run", "such", "the", "to", "with"}
)


def topic_of(text: str, catalog: Catalog) -> Topic | KnownMessage | None:
    """Return the topic, or the message of a check or probe, that a user calls by this name."""
    name = " ".join(text.lower().split()).strip("'\"")
    found = next((topic for topic in topics() if name in topic.names), None)
    if found is not None or len(name) > _LONGEST_NAME:
        return found
    return next((known for known in table(catalog) if name in known.message.names), None)


def show_topics(catalog: Catalog) -> int:
    """Print the names of all topics and messages; return 0."""
    named = [known.message.names for known in table(catalog) if known.message.names]
    print("\n".join(sorted(", ".join(names) for names in (*named, *(topic.names for topic in topics())))))
    return 0


def show_topic(topic: Topic | KnownMessage, catalog: Catalog, shared: SharedOptions, is_here: bool) -> int:
    """Print a topic and its related checks; return 0."""
    if isinstance(topic, KnownMessage):
        print(bold(topic.message.names[0], shared) + "\n")
        _explained(Explained("", (topic,)), catalog, shared, is_here)
        print("\n".join(filled(f"Error line: {visible(topic.message.example)}")))
        return 0
    print(bold(topic.names[0], shared) + "\n")
    print("\n".join(filled(topic.means)))
    _advice(topic.do, "", topic.source)
    for example in topic.examples:
        print("\n".join(filled(f"Error line: {visible(example)}")))
    _causes(topic.checks, catalog, is_here)
    return 0


def topics_near(text: str, catalog: Catalog) -> list[Topic | KnownMessage]:
    """Return the topics that a few words name: "rootless docker" is "rootless", "swarm" is each topic about it."""
    words = _significant(text)
    if not words or len(words) > _MOST_WORDS:
        return []
    known: list[Topic | KnownMessage] = [*topics(), *(one for one in table(catalog) if one.message.names)]
    named = [(topic, [_significant(name) for name in _names(topic)]) for topic in known]
    exact = [topic for topic, names in named if any(name and name <= words for name in names)]
    return exact or [topic for topic, names in named if any(words <= name for name in names)]


def _names(topic: Topic | KnownMessage) -> tuple[str, ...]:
    return topic.message.names if isinstance(topic, KnownMessage) else topic.names


def _significant(text: str) -> frozenset[str]:
    return frozenset("".join(one if one.isalnum() else " " for one in text.lower()).split()) - _FILLERS


def show_near(near: list[Topic | KnownMessage], catalog: Catalog, shared: SharedOptions, is_here: bool) -> int:
    """Print the topic that is meant, or the names of several; return 0."""
    if len(near) == 1:
        return show_topic(near[0], catalog, shared, is_here)
    print("Topics with these words:")
    for topic in near:
        means = topic.message.means if isinstance(topic, KnownMessage) else topic.means
        print("\n".join(filled(f"{_names(topic)[0]}: {means}", indent="  ", hang="      ")))
    return 0


def show_text(text: str, catalog: Catalog, shared: SharedOptions, is_here: bool) -> int:
    """Explain a pasted message; return 3 if it is unknown."""
    known = table(catalog)
    found = explain(text, known)
    if found is None:
        near = topics_near(text, catalog)
        if near:
            return show_near(near, catalog, shared, is_here)
        print(unknown(text))
        return 3
    if is_here and _depends_on_release(found):
        found = explain(text, known, _release()) or found
    _explained(found, catalog, shared, is_here)
    return 0


def show_log(given: Given, catalog: Catalog, shared: SharedOptions, is_here: bool) -> int:
    """Explain a whole log: its fatal line, or the earlier line with its cause; return 3 if no line is known."""
    known = table(catalog)
    blamed = blame(given.lines, known)
    if is_here and blamed.shown is not None and _depends_on_release(blamed.shown):
        blamed = blame(given.lines, known, _release())
    if is_here and blamed.worst is not None and not _is_confirmed(blamed, catalog):
        blamed = Blamed(blamed.fatal, blamed.worst)
    # A single message may be wrapped over several lines.
    shown = blamed.shown or explain(" ".join(given.lines[-20:]), known)
    if given.remark:
        print(given.remark)
    if shown is None:
        if blamed.fatal:
            print(f"Fatal line: {_safe(blamed.fatal)}")
        print(unknown(blamed.fatal or " ".join(given.lines[-20:]), whole_log=True))
        return 3
    print(f"{'Cause' if blamed.is_earlier else 'Line'}: {_safe(shown.line)}\n")
    _explained(shown, catalog, shared, is_here)
    if blamed.is_earlier:
        print(f"\nFatal line after it: {_safe(blamed.fatal)}")
    return 0


def _depends_on_release(found: Explained) -> bool:
    return any(known.message.since or known.message.until for known in found.known)


def _release() -> Release | None:
    """Return the release of this host's engine, ``None`` if it is unknown."""
    from doctor.facts.engine.state import EngineVersion
    from doctor.scan.resolve import Facts

    version = Facts(open_host("")).get(EngineVersion)
    return version.release if isinstance(version, EngineVersion) else None


def _is_confirmed(blamed: Blamed, catalog: Catalog) -> bool:
    """Whether an earlier line is the cause: not if this host has the fatal line's problem, and not that of the earlier one."""
    if blamed.shown is None or blamed.worst is None or not blamed.is_earlier:
        return True
    causes, fatal = (
        [name for name in one.best.checks if name in catalog.checks] for one in (blamed.shown, blamed.worst)
    )
    found, _ = _found(list(dict.fromkeys([*causes, *fatal])), catalog)
    return not found or any(name in found for name in causes)


def _explained(found: Explained, catalog: Catalog, shared: SharedOptions, is_here: bool) -> None:
    message = found.best.message
    print("\n".join(filled(bold(message.means, shared))))
    _advice(message.do, _releases(found.best), found.best.source)
    shown = _causes(found.best.checks, catalog, is_here, message.apart)
    if found.best.probe:
        print(f"To find the cause on this host: {command('probe', found.best.probe)}")
    others = [known for known in found.known[1:] if not set(known.checks) <= set(shown) or not known.checks]
    for known in others[:_MOST_OTHERS]:
        first = next((name for name in known.checks if name in catalog.checks), known.topic or known.probe)
        print("\n".join(filled(f"Less specific: {known.message.means} ({first})")))


def _releases(known: KnownMessage) -> str:
    since, until = known.message.since, known.message.until
    if since and until:
        return f"engines {since} to {until} print it"
    return f"engines since {since} print it" if since else f"engines up to {until} print it" if until else ""


def _advice(do: str, releases: str, source: str) -> None:
    for name, value in (("Do", do), ("Releases", releases), ("Source", source)):
        if value:
            print("\n".join(filled(f"{name}: {value}")))


def _causes(names: Iterable[str], catalog: Catalog, is_here: bool, apart: str = "") -> list[str]:
    """Print the possible causes, and which of them this host has; return their ids."""
    ids = [name for name in names if name in catalog.checks]
    if not ids:
        return ids
    print()
    found, incomplete = _found(ids, catalog) if is_here else ({}, 0)
    for name in sorted(ids, key=lambda name: name not in found):
        print(f"  {about(catalog, name)}")
        if name in found:
            print("\n".join(filled(f"found on this host: {found[name]}", indent="      ")))
    print()
    if apart and not found and len(ids) > 1:
        print("\n".join(filled(f"To distinguish them, see {apart}.")))
    if is_here and not found:
        gap = f", but {plural(incomplete, 'check')} could not examine everything" if incomplete else ""
        print(f"This host shows no such problem now{gap}.")
    print(f"To examine: {command('scan', '--select', ','.join(ids))}")
    return ids


def _found(ids: list[str], catalog: Catalog) -> tuple[dict[str, str], int]:
    """Return id → message of the first finding on this host, and the number of incomplete checks."""
    from doctor.scan.run import scan

    try:
        result = scan(open_host(""), catalog, ids)
    except DoctorError:
        return {}, len(ids)
    found: dict[str, str] = {}
    for finding in result.findings:
        found.setdefault(finding.id, visible(redact(finding.message)))
    return found, sum(outcome.incomplete for outcome in result.outcomes)


def _safe(line: str) -> str:
    text = visible(redact(" ".join(line.split())))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"
