"""``doctor explain``: describes a check or a topic, or finds the cause of an error line or in a log."""

import inspect
import re
import textwrap

from doctor.cli.common import SharedOptions, load_catalog, load_settings
from doctor.cli.spelled import pasted
from doctor.cli.wrapped import about, bold, filled
from doctor.model.declare import CheckDeclaration, FixerDeclaration, ProbeDeclaration
from doctor.model.errors import UsageError
from doctor.model.severity import Applicability
from doctor.model.text import plain, visible
from doctor.plugins.catalog import Catalog
from doctor.plugins.messages import table, topics

_WRAPPED = 8
"""Line breaks that a terminal puts into one message; a text with more is a log."""
_HEADING = re.compile(r"^[A-Z][A-Za-z ]+:$")
_COSTS = {
    Applicability.SAFE: "nothing restarts, no data is lost",
    Applicability.DISRUPTIVE: "something restarts, no data is lost",
    Applicability.DESTRUCTIVE: "something is moved to quarantine; 'doctor undo' restores it",
    Applicability.MANUAL: "doctor can't do it for you",
}


def run(words: str, shared: SharedOptions, *, unit: str = "", elsewhere: bool = False) -> int:
    """Explain an id, an area, a topic, an error text or a log; return 0, or 3 if the text is unknown."""
    from doctor.cli.commands.explain import given as givens
    from doctor.cli.commands.explain import line

    catalog = load_catalog(load_settings())
    text = words.strip()
    is_here = not elsewhere
    if unit:
        if text:
            raise UsageError("--unit reads a journal, so no text is needed", do="leave out one of the two")
        from doctor.cli.common import open_host

        return line.show_log(givens.from_unit(open_host(""), unit), catalog, shared, is_here)
    if text == "-" or (not text and givens.is_piped()):
        given = givens.from_stdin()
        if not given.lines:
            raise UsageError("nothing to explain", do="the log is empty")
        return line.show_log(given, catalog, shared, is_here)
    if not text:
        raise UsageError("nothing to explain", do="name a check, paste an error line in quotes, or pipe a log")
    if _is_name(text, catalog, shared):
        return 0
    if text == "topics":
        return line.show_topics(catalog)
    topic = line.topic_of(text, catalog)
    if topic is not None:
        return line.show_topic(topic, catalog, shared, is_here)
    near = line.topics_near(text, catalog) if re.fullmatch(r"[a-z0-9:/_-]+", text) else []
    if near:
        return line.show_near(near, catalog, shared, is_here)
    if re.fullmatch(r"[a-z0-9:/_-]+", text):
        raise UsageError(f"unknown check, area, probe or topic '{text}'", do=_nearest(text, catalog))
    if text.count("\n") > _WRAPPED:
        given = givens.Given([one.strip() for one in text.split("\n") if one.strip()])
        return line.show_log(given, catalog, shared, is_here)
    return line.show_text(text, catalog, shared, is_here)


def _is_name(text: str, catalog: Catalog, shared: SharedOptions) -> bool:
    """Print what is known of a check, an area or a probe; return whether the text is the name of one."""
    identity = _identity(text, catalog)
    if identity is not None:
        print(pasted("\n".join(explain_check(catalog, identity, shared))))
        return True
    # A word can be both: "dns" is an area of checks and a probe.
    area = [name for name in catalog.checks if name.rpartition("/")[0] == text]
    if area:
        print("\n".join(about(catalog, name) for name in area))
    if text in catalog.probes:
        print("\n".join(["", *explain_probe(catalog, text, shared)] if area else explain_probe(catalog, text, shared)))
    return bool(area) or text in catalog.probes


def _identity(text: str, catalog: Catalog) -> str | None:
    if text in catalog.checks:
        return text
    if "/" not in text or " " in text:
        return None
    for name in catalog.checks:
        declaration = catalog.check(name).declaration
        if isinstance(declaration, CheckDeclaration) and text in declaration.formerly:
            return name
    return None


def _nearest(text: str, catalog: Catalog) -> str:
    from difflib import get_close_matches

    names = [name for topic in topics() for name in topic.names]
    names += [name for known in table(catalog) for name in known.message.names]
    near = get_close_matches(text, [*catalog.checks, *catalog.probes, *names], n=1)
    return f"did you mean '{near[0]}'?" if near else "see 'doctor list'"


def explain_check(catalog: Catalog, identity: str, shared: SharedOptions) -> list[str]:
    """Return the documentation of a check as lines: its docstring, then its declaration and its fixer."""
    check = catalog.check(identity)
    declaration = check.declaration
    lines = [bold(identity, shared), ""]
    lines += _docstring(check.function.__doc__ or "", shared)
    facts = []
    if isinstance(declaration, CheckDeclaration):
        facts.append(("Severity", declaration.severity.word))
        facts.append(("Breaks", ", ".join(f"{name} ('doctor probe {name}')" for name in declaration.breaks)))
        facts.append(("Possible causes", ", ".join(declaration.causes)))
        facts.append(("Former ids", ", ".join(declaration.formerly)))
        facts.append(("Runs", "only with --deep" if declaration.deep else ""))
    fixer = catalog.fixer(identity)
    if fixer is not None and isinstance(fixer.declaration, FixerDeclaration):
        word = fixer.declaration.applicability
        risk = f"Risk: {word.word} ({_COSTS[word]})."
        if word is not Applicability.MANUAL:
            risk = f"Lowest risk: {word.word} ({_COSTS[word]}); 'doctor fix' shows the risk on this host."
        facts.append(("Repair", f"{fixer.summary} {risk}"))
    for name, value in facts:
        if value:
            lines += filled(f"{name}: {value}", hang="  ")
    if isinstance(declaration, CheckDeclaration):
        for message in declaration.messages:
            lines += filled(f"Error line: {visible(message.example)}", hang="  ")
    return lines


def explain_probe(catalog: Catalog, name: str, shared: SharedOptions) -> list[str]:
    """Return the documentation of a probe as lines."""
    probe = catalog.probe(name)
    proves = probe.declaration.proves if isinstance(probe.declaration, ProbeDeclaration) else ""
    lines = [bold(name, shared), "", *_docstring(probe.function.__doc__ or "", shared), f"Proves: {proves}"]
    for message in probe.declaration.messages if isinstance(probe.declaration, ProbeDeclaration) else ():
        lines += filled(f"Error line: {visible(message.example)}", hang="  ")
    return lines


def _docstring(text: str, shared: SharedOptions) -> list[str]:
    """Rewrap paragraphs; keep headings, and each line under ``References:``, on their own lines."""
    lines: list[str] = []
    heading = ""
    for block in plain(inspect.cleandoc(visible(text, keep="\n"))).split("\n\n"):
        rows = block.split("\n")
        if _HEADING.match(rows[0]):
            heading = rows.pop(0)
            lines.append(bold(heading, shared))
        body = textwrap.dedent("\n".join(rows))
        indent = "  " if heading else ""
        if heading == "References:" or _is_list(body):
            lines += [f"{indent}{row}" for row in body.split("\n")]
        elif body:
            lines += filled(" ".join(body.split()), indent=indent, hang=indent)
        lines.append("")
    return [line.rstrip() for line in lines]


def _is_list(body: str) -> bool:
    return body.lstrip().startswith(("- ", "* ", "1. ")) or "\n  " in body
