"""How a case of damaged state is described."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.cases.state.roots import Tree, build

Finding = tuple[str, str, str]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One case.

    Attributes:
        problem: folder of the check it is about.
        name: what happened, as a folder name; ``about`` in a sentence.
        parts: of the healthy root (``roots.PARTS``).
        change: what is done to it; nothing for a healthy case.
        findings: (problem, subject kind, subject name), the area is added.
        fix: ``resolved``, ``manual``, ``none``, or in other words what a repair leaves ("guarded": the problem stays).
        answers: what a recorded running host said, TOML.
        files: what git can't keep, as ``[[file]]`` entries.
        after: path → content after the repair.
    """

    problem: str
    name: str
    about: str
    parts: tuple[str, ...] = ("image",)
    change: Callable[[Tree], Any] | None = None
    findings: tuple[Finding, ...] = ()
    fix: str = "resolved"
    answers: str = ""
    files: tuple[dict[str, Any], ...] = ()
    after: dict[str, bytes] = field(default_factory=dict)

    def tree(self) -> Tree:
        """The broken root."""
        tree = build(*self.parts)
        if self.change is not None:
            self.change(tree)
        return tree

    def toml(self, absent: tuple[str, ...]) -> str:
        """The content of case.toml; ``absent`` are paths of the base that are gone."""
        lines = [f"about = {json.dumps(self.about)}", f"base = {json.dumps(self.parts)}"]
        if absent:
            lines.append(f"absent = {json.dumps(['/' + path for path in absent], indent=2)}")
        for problem, kind, name in self.findings:
            lines += ["", "[[finding]]", f'id = "state/{problem}"', f"subject = {json.dumps([kind, name])}"]
        if self.findings:
            lines += ["", "[expect]", f'fix = "{self.fix}"']
        for entry in self.files:
            lines += ["", "[[file]]", *(f"{key} = {_value(key, value)}" for key, value in entry.items())]
        return "\n".join(lines) + "\n"


def _value(key: str, value: Any) -> str:
    return f"0o{value:o}" if key == "mode" else json.dumps(value)
