"""How a case of a data root is described: which healthy root, what happened to it, what is expected."""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from doctor.host.answers import parse
from tests.cases.case import Case
from tests.cases.roots import Tree, build

Finding = tuple[str, str, str]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One case.

    Attributes:
        problem: name of the check it is about.
        name: what happened, in a word or two; ``about`` in a sentence.
        parts: of the healthy root (``roots.PARTS``).
        change: what is done to it; nothing for a healthy case.
        findings: (problem, subject kind, subject name), the area is added.
        fix: ``resolved``, ``manual``, ``none``, or in other words what a repair leaves ("guarded": the problem stays).
        answers: what a recorded running host said, TOML.
        files: what is more than bytes, links and directories, as ``[[file]]`` entries of a case.toml.
        after: path → content after the repair.
        area: of the checks that must find exactly this.
        select: checks that must find exactly this, all of the area by default.
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
    area: str = "state"
    select: tuple[str, ...] = ()

    def tree(self) -> Tree:
        """The broken root."""
        tree = build(*self.parts)
        if self.change is not None:
            self.change(tree)
        return tree

    def case(self) -> Case:
        """The case that the tests run."""
        return Case(
            name=f"{self.area}/{self.problem}/{self.name}",
            about=self.about,
            findings=sorted((f"{self.area}/{problem}", kind, name) for problem, kind, name in self.findings),
            fix=self.fix if self.findings else "none",
            select=self.select or (self.area,),
            files=self.files,
            fill=lambda top: self.tree().write(top),
            recorded=lambda: parse(tomllib.loads(self.answers)),
            after=self.after,
        )
