"""Makes docs/checks/AREA/PROBLEM.md from each check's docstring, and docs/checks/README.md as their index.

``python scripts/docs.py --check`` writes nothing and exits 1 if a page is not what it would write.
"""

import inspect
import sys
from pathlib import Path

from doctor.model.declare import CheckDeclaration, FixerDeclaration
from doctor.plugins.load import load

DOCS = Path(__file__).parents[1] / "docs" / "checks"
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
    lines = ["# Checks", "", "Made from the checks' docstrings by `make docs`.", ""]
    area = ""
    for identity in sorted(catalog.checks):
        if identity.partition("/")[0] != area:
            area = identity.partition("/")[0]
            lines += ["", f"## {area}", ""] if lines[-1] else [f"## {area}", ""]
        lines.append(f"- [{identity}]({identity}.md): {catalog.check(identity).summary}")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write the pages, or compare them."""
    wanted = {DOCS / f"{identity}.md": page(identity) for identity in load().checks}
    wanted[DOCS / "README.md"] = index()
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    gone = [path for path in DOCS.rglob("*.md") if path not in wanted]
    if "--check" in sys.argv:
        for path in [*stale, *gone][:5]:
            print(f"not up to date: {path.relative_to(DOCS.parent)}")
        if stale or gone:
            print(f"{len(stale) + len(gone)} pages are not what the docstrings say: run 'make docs'")
        return int(bool(stale or gone))
    for path, text in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for path in gone:
        path.unlink()
    print(f"{len(wanted)} pages")
    return 0


if __name__ == "__main__":
    sys.exit(main())
