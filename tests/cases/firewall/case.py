"""One firewall case."""

import json
from dataclasses import dataclass
from pathlib import Path

from tests.cases.firewall.host import Host


@dataclass(frozen=True, kw_only=True)
class Case:
    """One case.

    Attributes:
        check: the folder of the check it is about.
        name: what happened, as a folder name; ``about`` in a sentence.
        host: what is left of the host.
        subjects: (kind, name) of each finding.
        fix: what a repair leaves, where it doesn't simply resolve them.
        also: findings of other checks: (problem, kind, name).
    """

    check: str
    name: str
    about: str
    host: Host
    subjects: tuple[tuple[str, str], ...]
    fix: str
    also: tuple[tuple[str, str, str], ...] = ()

    def write(self, top: Path) -> None:
        """Write its folder beneath the folder of its check."""
        lines = [f"about = {json.dumps(self.about)}\n"]
        lines += [
            f'\n[[finding]]\nid = "firewall/{self.check}"\nsubject = {json.dumps(subject)}\n'
            for subject in self.subjects
        ]
        lines += [
            f'\n[[finding]]\nid = "firewall/{problem}"\nsubject = {json.dumps(subject)}\n'
            for problem, *subject in self.also
        ]
        if self.fix:
            lines.append(f'\n[expect]\nfix = "{self.fix}"\n')
        self.host.write(top / self.check / self.name, "".join(lines))


def case(
    check: str,
    name: str,
    about: str,
    host: Host,
    *subjects: tuple[str, str],
    fix: str = "",
    also: tuple[tuple[str, str, str], ...] = (),
) -> Case:
    """Describe a case in a line; see `Case`."""
    return Case(check=check, name=name, about=about, host=host, subjects=subjects, fix=fix, also=also)
