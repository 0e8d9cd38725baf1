"""Writes the skeleton of a check, its fixer and two cases: ``python scripts/new_check.py dns/foo-bar``.

It prints each file that it writes; no other file has to be edited. All input is checked before the first one is written.
"""

import builtins
import keyword
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
USAGE = "usage: make new-check ID=area/problem, or ID=area/subject/problem in an area that has folders for subjects"
LONGEST = 40

CHECK = '''"""TITLE."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.details import OfSysctl
from doctor.facts.kernel.sysctl import Sysctl


# If a program prints an error because of the problem, declare it: messages=(Message(pattern=…, example=…, means=…, do=…),)
@check(severity=Severity.WARNING, detail=OfSysctl, ok="the healthy state, in one line")
def STEM(sysctl: Sysctl) -> Iterator[Finding]:
    """The problem and its consequence, in one sentence.

    What it looks at:
        The facts, their source, and the rule.

    Why it matters:
        The consequence, and its symptoms.

    How it is fixed:
        The action of the fixer, or the steps for a person.

    References:
        https://docs.kernel.org/
    """
    if sysctl.number("vm.overcommit_memory") == 2:
        yield Finding(
            subject=Subject("sysctl", "vm.overcommit_memory"),
            message="the subject, its fault, and the consequence",
            evidence=(Evidence("/proc/sys/vm/overcommit_memory", "2"),),
            detail=OfSysctl(key="vm.overcommit_memory"),
        )
'''
FIXER = '''"""TITLE."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.kernel import SetSysctl
from doctor.facts.details import OfSysctl


@fixer(applicability=Applicability.SAFE)
def STEM(detail: OfSysctl) -> Iterator[Action]:
    """The repair in one imperative sentence."""
    yield SetSysctl(key=detail.key, value="0")
'''
FAILING = """about = "the incident that broke this host, in one sentence"

[[finding]]
id = "AREA/PROBLEM"
subject = ["sysctl", "vm.overcommit_memory"]

[expect]
fix = "resolved"
"""
PASSING = 'about = "a host without the problem"\n'
RECIPES = '''"""Cases of AREA/PROBLEM."""

from tests.cases.recipe import Recipe

SETTING = "proc/sys/vm/overcommit_memory"

CASES = (
    Recipe(
        area="AREA",
        problem="PROBLEM",
        name="broken",
        about="the incident that broke this host, in one sentence",
        change=lambda tree: tree.put(SETTING, "2\\n"),
        findings=(("PROBLEM", "sysctl", "vm.overcommit_memory"),),
    ),
    Recipe(
        area="AREA",
        problem="PROBLEM",
        name="healthy",
        about="a host without the problem",
        change=lambda tree: tree.put(SETTING, "0\\n"),
    ),
)
'''
FIREWALL = '''"""Cases of firewall/PROBLEM."""

from tests.cases.firewall.host import Host
from tests.cases.firewall.story import case

CHECK = "PROBLEM"
SETTING = "/proc/sys/vm/overcommit_memory"

CASES = (
    case(
        CHECK,
        "broken",
        "the incident that broke this host, in one sentence",
        Host().file(SETTING, "2\\n"),
        ("sysctl", "vm.overcommit_memory"),
    ),
    case(CHECK, "healthy", "a host without the problem", Host().file(SETTING, "0\\n")),
)
'''
STORIES = {"state": RECIPES, "containers": RECIPES, "firewall": FIREWALL}
"""Areas whose cases are stories in Python (docs/decisions/0032); those of the others are folders."""


def folders(top: Path) -> list[str]:
    """Return the packages in a directory, by name."""
    return sorted(path.parent.name for path in top.glob("*/__init__.py"))


def place(identity: str) -> tuple[str, str, str]:
    """Return area, subject ("" in an area without subjects) and problem of an ID; exit with an error if it is invalid."""
    area, *between, problem = identity.split("/")
    areas = folders(ROOT / "checks")
    if area not in areas:
        sys.exit(
            f"unknown area '{area}': choose one of {', '.join(areas)}. "
            f"For a new area, create empty checks/{area}/__init__.py and fixers/{area}/__init__.py first"
        )
    subjects = folders(ROOT / "checks" / area)
    if len(between) != bool(subjects) or (subjects and between[0] not in subjects):
        sys.exit(
            f"'{identity}' needs a subject of {area}, as ID={area}/{subjects[0]}/{problem}: there are {', '.join(subjects)}"
            if subjects
            else f"area {area} has no subjects: use ID={area}/{problem}"
        )
    return area, "".join(between), problem


def wrong(area: str, problem: str) -> str:
    """Return the error in the name of a problem, or an empty string."""
    stem = problem.replace("-", "_")
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", problem):
        return (
            f"'{problem}' is not a valid name for a problem: use lower-case words and digits with hyphens between them"
        )
    if len(problem) > LONGEST:
        return f"'{problem}' has {len(problem)} letters: at most {LONGEST} fit on a line of a report"
    taken = {
        *dir(builtins),
        *keyword.kwlist,
        *keyword.softkwlist,
        *sys.stdlib_module_names,
        "check",
        "fixer",
        "conftest",
    }
    if stem in taken or stem.startswith("test_"):
        return f"'{problem}' means something else to Python: name the problem in two words or more"
    for path in (ROOT / "checks" / area).rglob(f"{stem}.py"):
        return f"{area}/{problem} exists already: {path.relative_to(ROOT)}"
    return ""


def files(area: str, subject: str, problem: str) -> dict[str, str]:
    """Return the files of a new check, path → content."""
    stem = problem.replace("-", "_")
    inner = "/".join(filter(None, (area, subject, stem)))
    cases = f"tests/cases/{area}/{problem}"
    texts = {f"checks/{inner}.py": CHECK, f"fixers/{inner}.py": FIXER}
    if subject and not (ROOT / "fixers" / area / subject).exists():
        texts[f"fixers/{area}/{subject}/__init__.py"] = ""
    if area in STORIES:
        texts[f"tests/cases/{area}/{stem}.py"] = STORIES[area]
    else:
        texts |= {
            f"{cases}/broken/case.toml": FAILING,
            f"{cases}/broken/host/proc/sys/vm/overcommit_memory": "2\n",
            f"{cases}/healthy/case.toml": PASSING,
            f"{cases}/healthy/host/proc/sys/vm/overcommit_memory": "0\n",
        }
    named = {"AREA": area, "PROBLEM": problem, "STEM": stem, "TITLE": problem.replace("-", " ").capitalize()}
    return {path: re.sub("AREA|PROBLEM|STEM|TITLE", lambda word: named[word[0]], text) for path, text in texts.items()}


def main() -> None:
    """Write the files of a new check."""
    if len(sys.argv) != 2 or sys.argv[1].count("/") not in {1, 2}:
        sys.exit(f"{USAGE}\nareas: {', '.join(folders(ROOT / 'checks'))}")
    area, subject, problem = place(sys.argv[1])
    texts = files(area, subject, problem)
    there = [path for path in texts if (ROOT / path).exists()]
    reason = wrong(area, problem) or (f"{there[0]} exists already" if there else "")
    if reason:
        sys.exit(reason)
    for path, text in texts.items():
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(text, encoding="utf-8")
        print(path)
    print(
        f"\nNow make them real: 'make check cases' tests them, 'doctor explain {area}/{problem}' shows the docstring."
    )


if __name__ == "__main__":
    main()
