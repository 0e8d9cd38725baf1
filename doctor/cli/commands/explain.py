"""``doctor explain``: describes a check, or lists the problems that a pasted error line points to."""

import inspect
import re
import textwrap
from importlib.resources import files

from msgspec import Struct

from doctor.cli.common import SharedOptions, load_catalog, load_settings
from doctor.cli.spelled import command, pasted
from doctor.model.declare import CheckDeclaration, FixerDeclaration, ProbeDeclaration
from doctor.model.errors import UsageError
from doctor.model.severity import Applicability
from doctor.model.text import visible
from doctor.plugins.catalog import Catalog

_WIDTH = 88
_LONGEST = 65536
_HEADING = re.compile(r"^[A-Z][A-Za-z ]+:$")
_COSTS = {
    Applicability.SAFE: "nothing restarts, no data is lost",
    Applicability.DISRUPTIVE: "something restarts, no data is lost",
    Applicability.DESTRUCTIVE: "something is moved to quarantine; 'doctor undo' restores it",
    Applicability.MANUAL: "doctor can't do it for you",
}


class ErrorLine(Struct, frozen=True, kw_only=True):
    """An error message of a program: its pattern, the related checks, and its meaning in one sentence."""

    pattern: re.Pattern[str]
    ids: tuple[str, ...]
    means: str


def run(words: str, shared: SharedOptions) -> int:
    """Explain an id, an area or an error text; return 0, or 3 if the text is unknown."""
    catalog = load_catalog(load_settings())
    text = words.strip()
    if not text:
        raise UsageError("nothing to explain", do="name a check, or paste an error line in quotes")
    identity = _identity(text, catalog)
    if identity is not None:
        print(pasted("\n".join(explain_check(catalog, identity, shared))))
        return 0
    # A word can be both: "dns" is an area of checks and a probe.
    area = [name for name in catalog.checks if name.rpartition("/")[0] == text]
    if area:
        print("\n".join(_about(catalog, name) for name in area))
    if text in catalog.probes:
        print("\n".join(["", *explain_probe(catalog, text, shared)] if area else explain_probe(catalog, text, shared)))
    if area or text in catalog.probes:
        return 0
    if re.fullmatch(r"[a-z0-9:/_-]+", text):
        raise UsageError(f"unknown check, area or probe '{text}'", do=_nearest(text, catalog))
    return _explain_text(text, catalog, shared)


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

    near = get_close_matches(text, [*catalog.checks, *catalog.probes], n=1)
    return f"did you mean '{near[0]}'?" if near else "see 'doctor list'"


def explain_check(catalog: Catalog, identity: str, shared: SharedOptions) -> list[str]:
    """Return the documentation of a check as lines: its docstring, then its declaration and its fixer."""
    check = catalog.check(identity)
    declaration = check.declaration
    lines = [_bold(identity, shared), ""]
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
        facts.append(("Repair", f"{fixer.summary} Risk: {word.word} or higher ({_COSTS[word]})."))
    for name, value in facts:
        if value:
            lines += _filled(f"{name}: {value}", indent="", hang="  ")
    return lines


def explain_probe(catalog: Catalog, name: str, shared: SharedOptions) -> list[str]:
    """Return the documentation of a probe as lines."""
    probe = catalog.probe(name)
    proves = probe.declaration.proves if isinstance(probe.declaration, ProbeDeclaration) else ""
    return [_bold(name, shared), "", *_docstring(probe.function.__doc__ or "", shared), f"Proves: {proves}"]


def _docstring(text: str, shared: SharedOptions) -> list[str]:
    """Rewrap paragraphs; keep headings, and each line under ``References:``, on their own lines."""
    lines: list[str] = []
    heading = ""
    for block in _bare(inspect.cleandoc(visible(text, keep="\n"))).split("\n\n"):
        rows = block.split("\n")
        if _HEADING.match(rows[0]):
            heading = rows.pop(0)
            lines.append(_bold(heading, shared))
        body = textwrap.dedent("\n".join(rows))
        indent = "  " if heading else ""
        if heading == "References:" or _is_list(body):
            lines += [f"{indent}{row}" for row in body.split("\n")]
        elif body:
            lines += _filled(" ".join(body.split()), indent=indent, hang=indent)
        lines.append("")
    return [line.rstrip() for line in lines]


def _bare(text: str) -> str:
    """Return the text without the double backticks of docstrings."""
    return text.replace("``", "")


def _is_list(body: str) -> bool:
    return body.lstrip().startswith(("- ", "* ", "1. ")) or "\n  " in body


def _filled(text: str, *, indent: str, hang: str) -> list[str]:
    return textwrap.wrap(
        text, _WIDTH, initial_indent=indent, subsequent_indent=hang, break_long_words=False, break_on_hyphens=False
    )


def _bold(text: str, shared: SharedOptions) -> str:
    return f"\x1b[1m{text}\x1b[0m" if shared.colour else text


def _about(catalog: Catalog, identity: str) -> str:
    return f"{identity:<38} {catalog.check(identity).summary}"


def error_lines() -> tuple[ErrorLine, ...]:
    """Return the table of messages, the more specific ones first."""
    import tomllib

    table = tomllib.loads(files("doctor.cli.commands").joinpath("error_lines.toml").read_text("utf-8"))
    return tuple(
        ErrorLine(pattern=re.compile(entry["pattern"], re.IGNORECASE), ids=tuple(entry["ids"]), means=entry["means"])
        for entry in table["line"]
    )


def matches(text: str) -> list[ErrorLine]:
    """Return the messages that occur in a text, in the order of the table."""
    flat = " ".join(text[:_LONGEST].split())
    return [line for line in error_lines() if line.pattern.search(flat)]


def _explain_text(text: str, catalog: Catalog, shared: SharedOptions) -> int:
    found = matches(text)
    if not found:
        print(pasted("unknown message; 'doctor scan' examines the host itself"))
        return 3
    shown: list[str] = []
    for line in found:
        ids = [name for name in line.ids if name in catalog.checks and name not in shown]
        shown += ids
        # A general pattern that names no further check adds nothing to a specific one.
        if not ids and shown:
            continue
        print("\n".join(_filled(_bold(line.means, shared), indent="", hang="")))
        for name in ids:
            print(f"  {_about(catalog, name)}")
        print()
    if shown:
        print(f"To examine: {command('scan', '--select', ','.join(shown))}")
    return 0
