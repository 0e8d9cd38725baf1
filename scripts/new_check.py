"""Writes the skeleton of a check, its fixer and two cases: ``python scripts/new_check.py network/foo-bar``."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

CHECK = '''"""TITLE."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.details import OfSysctl
from doctor.facts.kernel.sysctl import Sysctl


@check(severity=Severity.WARNING, detail=OfSysctl, ok="what a pass means, in one line")
def NAME(sysctl: Sysctl) -> Iterator[Finding]:
    """The problem and what it costs, in one sentence.

    What it looks at:
        The facts, where they come from, and the rule.

    Why it matters:
        What breaks, and how it shows.

    How it is fixed:
        What the fixer does, or what a person must do.

    References:
        https://docs.kernel.org/
    """
    if sysctl.number("net.ipv4.ip_forward") == 0:
        yield Finding(
            subject=Subject("sysctl", "net.ipv4.ip_forward"),
            message="what is wrong with which subject, and what follows from it",
            evidence=(Evidence("/proc/sys/net/ipv4/ip_forward", "0"),),
            detail=OfSysctl(key="net.ipv4.ip_forward"),
        )
'''
FIXER = '''"""TITLE."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.kernel import SetSysctl
from doctor.facts.details import OfSysctl


@fixer(applicability=Applicability.SAFE)
def NAME(detail: OfSysctl) -> Iterator[Action]:
    """What is done about it, imperative, in one sentence."""
    yield SetSysctl(key=detail.key, value="1")
'''
FAILING = """about = "what happened to this host, in one sentence"

[[finding]]
id = "ID"
subject = ["sysctl", "net.ipv4.ip_forward"]

[expect]
fix = "resolved"
"""
PASSING = 'about = "a host on which this is right"\n'


def write(path: Path, text: str) -> None:
    """Write a new file; one that is there is left alone."""
    if path.exists():
        sys.exit(f"{path.relative_to(ROOT)} is there already")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    print(path.relative_to(ROOT))


def main() -> None:
    """Write the five files of a new check."""
    if len(sys.argv) != 2 or sys.argv[1].count("/") != 1:
        sys.exit("usage: make new-check ID=area/problem-in-words")
    identity = sys.argv[1]
    area, problem = identity.split("/")
    stem = problem.replace("-", "_")
    title = problem.replace("-", " ").capitalize()
    for room, text in (("checks", CHECK), ("fixers", FIXER)):
        package = ROOT / room / area
        package.mkdir(exist_ok=True)
        (package / "__init__.py").touch()
        write(package / f"{stem}.py", text.replace("NAME", stem).replace("TITLE", title))
    cases = ROOT / "tests/cases" / area / problem
    write(cases / "broken/case.toml", FAILING.replace("ID", identity))
    write(cases / "broken/host/proc/sys/net/ipv4/ip_forward", "0\n")
    write(cases / "healthy/case.toml", PASSING)
    write(cases / "healthy/host/proc/sys/net/ipv4/ip_forward", "1\n")
    print(f"now make them real; 'make cases' runs them, 'doctor explain {identity}' shows the docstring")


if __name__ == "__main__":
    main()
