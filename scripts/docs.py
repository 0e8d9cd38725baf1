"""Builds a page for each check from its docstring, and an index of them: ``python scripts/docs.py [FOLDER]``.

The sources are read as text: a wheel holds these pages, and is built where the packages that doctor imports are not installed.
"""

import ast
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build" / "checks"
HEADINGS = ("What it looks at:", "Why it matters:", "How it is fixed:", "References:")


class Declared(NamedTuple):
    """A decorated function of a module: its docstring and the arguments of the decorator."""

    path: Path
    text: str
    arguments: dict[str, ast.expr]

    def word(self, name: str) -> str:
        """Return the name of a level in lower case: ``Severity.ERROR`` is "error"."""
        return ast.unparse(self.arguments[name]).rpartition(".")[2].lower()

    def values(self, name: str) -> tuple[str, ...]:
        """Return an argument with several texts, () if it is not given."""
        return tuple(_value(self.arguments[name], self.path)) if name in self.arguments else ()

    @property
    def summary(self) -> str:
        """The first paragraph of the docstring, with code in the quotes of messages."""
        return " ".join(self.text.split("\n\n", 1)[0].split()).replace("``", "'")


def declared(room: str) -> dict[str, Declared]:
    """Return the checks or fixers by id."""
    found = {}
    for path in sorted((ROOT / room).rglob("[!_]*.py")):
        area = path.relative_to(ROOT / room).parts[0]
        for function, decorator in _decorated(path, room.removesuffix("s")):
            text = inspect.cleandoc(ast.get_docstring(function, clean=False) or "")
            arguments = {word.arg: word.value for word in decorator.keywords if word.arg}
            found[f"{area}/{path.stem.replace('_', '-')}"] = Declared(path, text, arguments)
    return found


def _decorated(path: Path, name: str) -> Iterator[tuple[ast.FunctionDef, ast.Call]]:
    for function in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(function, ast.FunctionDef):
            for decorator in function.decorator_list:
                if isinstance(decorator, ast.Call) and getattr(decorator.func, "id", "") == name:
                    yield function, decorator


def _value(node: ast.expr, path: Path) -> Any:
    """Return the value of an expression that uses only constants of its module, or of one that it imports from."""
    known = {}
    for line in ast.parse(path.read_text(encoding="utf-8")).body:
        for name in {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}:
            if isinstance(line, ast.ImportFrom) and any(one.name == name for one in line.names):
                known[name] = _value(ast.Name(name), ROOT / f"{str(line.module).replace('.', '/')}.py")
            elif isinstance(line, ast.Assign) and getattr(line.targets[0], "id", "") == name:
                known[name] = _value(line.value, path)
    return eval(ast.unparse(node), known)  # noqa: S307 - an expression of doctor's own source


def page(identity: str, check: Declared, fixer: Declared | None) -> str:
    """Return the page of one check."""
    lines = [f"# {identity}", ""]
    for line in check.text.splitlines():
        if line in HEADINGS:
            lines += [f"## {line.rstrip(':')}", ""]
        else:
            lines.append(line.strip())
    lines += ["", "## Facts", "", f"- severity: {check.word('severity')}"]
    lines.append(f"- passes as: {_value(check.arguments['ok'], check.path)}")
    if breaks := check.values("breaks"):
        lines.append(f"- breaks the probes: {', '.join(breaks)}")
    if causes := check.values("causes"):
        lines.append(f"- may be caused by: {', '.join(f'[{cause}](../{cause}.md)' for cause in causes)}")
    if fixer is not None:
        lines.append(f"- fixer: {fixer.summary} ({fixer.word('applicability')})")
    return "\n".join(lines).rstrip() + "\n"


def index(checks: dict[str, Declared]) -> str:
    """Return the index of all pages."""
    lines = ["# Checks", "", "Built from the checks' docstrings by `make docs`.", ""]
    area = ""
    for identity, check in sorted(checks.items()):
        if identity.partition("/")[0] != area:
            area = identity.partition("/")[0]
            lines += ["", f"## {area}", ""] if lines[-1] else [f"## {area}", ""]
        lines.append(f"- [{identity}]({identity}.md): {check.summary}")
    return "\n".join(lines) + "\n"


def pages() -> dict[str, str]:
    """Return the text of each page by its path."""
    checks, fixers = declared("checks"), declared("fixers")
    written = {f"{name}.md": page(name, check, fixers.get(name)) for name, check in checks.items()}
    return written | {"README.md": index(checks)}


def main() -> int:
    """Write the pages into the folder that is named, or build/checks."""
    top = Path(sys.argv[1]) if len(sys.argv) > 1 else BUILD
    written = pages()
    for name, text in written.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    print(f"{len(written)} pages in {top}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
