"""Builds a page for each check from its docstring, and an index of them: ``python scripts/docs.py [FOLDER]``."""

import inspect
import sys
from pathlib import Path

from doctor.model.declare import CheckDeclaration, FixerDeclaration
from doctor.plugins.load import load

BUILD = Path(__file__).parents[1] / "build" / "checks"
HEADINGS = ("What it looks at:", "Why it matters:", "How it is fixed:", "References:")


def page(identity: str) -> str:
    """Return the page of one check."""
    catalog = load()
    check = catalog.check(identity)
    declaration = check.declaration
    fixer = catalog.fixer(identity)
    lines = [f"# {identity}", ""]
    for line in inspect.cleandoc(check.function.__doc__ or "").splitlines():
        if line in HEADINGS:
            lines += [f"## {line.rstrip(':')}", ""]
        else:
            lines.append(line.strip())
    if isinstance(declaration, CheckDeclaration):
        lines += ["", "## Facts", "", f"- severity: {declaration.severity.word}", f"- passes as: {declaration.ok}"]
        if declaration.breaks:
            lines.append(f"- breaks the probes: {', '.join(declaration.breaks)}")
        if declaration.causes:
            links = (f"[{cause}](../{cause}.md)" for cause in declaration.causes)
            lines.append(f"- may be caused by: {', '.join(links)}")
    if fixer is not None and isinstance(fixer.declaration, FixerDeclaration):
        lines.append(f"- fixer: {fixer.summary} ({fixer.declaration.applicability.word})")
    return "\n".join(lines).rstrip() + "\n"


def index() -> str:
    """Return the index of all pages."""
    catalog = load()
    lines = ["# Checks", "", "Built from the checks' docstrings by `make docs`.", ""]
    area = ""
    for identity in sorted(catalog.checks):
        if identity.partition("/")[0] != area:
            area = identity.partition("/")[0]
            lines += ["", f"## {area}", ""] if lines[-1] else [f"## {area}", ""]
        lines.append(f"- [{identity}]({identity}.md): {catalog.check(identity).summary}")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write the pages into the folder that is named, or build/checks."""
    top = Path(sys.argv[1]) if len(sys.argv) > 1 else BUILD
    pages = {f"{identity}.md": page(identity) for identity in load().checks} | {"README.md": index()}
    for name, text in pages.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    print(f"{len(pages)} pages in {top}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
