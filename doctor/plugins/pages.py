"""Reads the pages of checks and probes from their docstrings, for reports."""

import inspect
import re
import textwrap
from collections.abc import Iterable

from doctor.model.declare import CheckDeclaration, CheckPage
from doctor.model.text import plain
from doctor.plugins.catalog import Catalog
from doctor.plugins.catalog_entry import Loaded

_PROBE = re.compile(r"probe/(?P<name>.+)-failed")
_HEADING = r"[A-Z][A-Za-z ]+:"
_REFERENCES = "References"


def pages(catalog: Catalog, ids: Iterable[str]) -> dict[str, CheckPage]:
    """Return id → page of those ids that exist: checks, and findings of failed probes."""
    found = {}
    for identity in dict.fromkeys(ids):
        loaded = _loaded(catalog, identity)
        if loaded is not None:
            declaration = loaded.declaration
            is_security = isinstance(declaration, CheckDeclaration) and declaration.security
            found[identity] = parse(loaded.function.__doc__ or "", is_security=is_security)
    return found


def _loaded(catalog: Catalog, identity: str) -> Loaded | None:
    if identity in catalog.checks:
        return catalog.check(identity)
    probe = _PROBE.fullmatch(identity)
    return catalog.probe(probe["name"]) if probe and probe["name"] in catalog.probes else None


def parse(docstring: str, *, is_security: bool = False) -> CheckPage:
    r"""Return the page that a docstring is the source of.

    >>> page = parse("It is off.\n\nWhy it matters:\n    A lot,\n    really.\n\nReferences:\n    https://a.example\n")
    >>> page.summary, page.sections, page.references
    ('It is off.', {'Why it matters': 'A lot, really.'}, ('https://a.example',))
    """
    first, *rest = re.split(rf"(?m)^({_HEADING})$", plain(inspect.cleandoc(docstring)))
    sections = {heading.rstrip(":"): textwrap.dedent(body.strip("\n")) for heading, body in zip(*[iter(rest)] * 2)}  # noqa: B905
    references = sections.pop(_REFERENCES, "")
    return CheckPage(
        summary=" ".join(first.split("\n\n")[0].split()),
        sections={heading: _filled(body) for heading, body in sections.items()},
        references=tuple(line.strip() for line in references.splitlines() if line.strip()),
        is_security=is_security,
    )


def _filled(body: str) -> str:
    """Return paragraphs on one line each; a list keeps its lines."""
    blocks = body.strip().split("\n\n")
    return "\n\n".join(
        block if block.startswith(("- ", "* ", "1. ")) or "\n  " in block else " ".join(block.split())
        for block in blocks
    )
