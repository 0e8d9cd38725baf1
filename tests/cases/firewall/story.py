"""One firewall case."""

from dataclasses import dataclass

from tests.cases.case import Case
from tests.cases.firewall.host import Host


@dataclass(frozen=True, kw_only=True)
class Story:
    """One case.

    Attributes:
        check: name of the check it is about.
        name: what happened, in a word or two; ``about`` in a sentence.
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

    def case(self) -> Case:
        """The case that the tests run."""
        own = [(self.check, kind, name) for kind, name in self.subjects]
        findings = sorted((f"firewall/{problem}", kind, name) for problem, kind, name in (*own, *self.also))
        return Case(
            name=f"firewall/{self.check}/{self.name}",
            about=self.about,
            findings=findings,
            fix=self.fix or ("resolved" if findings else "none"),
            select=("firewall",),
            fill=self.host.fill,
            recorded=self.host.answers,
            files=self.host.special,
        )


def case(
    check: str,
    name: str,
    about: str,
    host: Host,
    *subjects: tuple[str, str],
    fix: str = "",
    also: tuple[tuple[str, str, str], ...] = (),
) -> Story:
    """Describe a case in a line; see `Story`."""
    return Story(check=check, name=name, about=about, host=host, subjects=subjects, fix=fix, also=also)
