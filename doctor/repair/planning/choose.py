"""Applies answers to the questions of fixers: ``--choose FINDING-ID[:SUBJECT]=CANDIDATE``.

A fixer offers candidates with the actions of each (``doctor.api.actions.Choose``); it never sees the answer. The plan replaces
the question with the actions of the chosen one, so only actions that a fixer offered are possible.
"""

import re
import shlex
from hashlib import sha256

from msgspec import Struct

from doctor.api.actions.choose import Choosable, Choose
from doctor.model.action import Action
from doctor.model.errors import UsageError
from doctor.model.finding import Finding
from doctor.model.report import Candidate, Question
from doctor.model.severity import Applicability

# The ids of a plugin start with its name: "acme:disk/note-empty".
_FORM = re.compile(r"(?P<id>(?:[\w.-]+:)?[\w-]+/[\w-]+)(?::(?P<subject>.+))?=(?P<candidate>[^=]+)", re.DOTALL)

_LONG = 25

Ranked = list[tuple[Action, Applicability]]


class Choice(Struct, frozen=True, kw_only=True):
    """One ``--choose``: the finding's id, the subject of the question ("" for the only one of that id), and the answer."""

    text: str
    id: str
    subject: str
    candidate: str

    def fits(self, finding: Finding, asked: Choose) -> bool:
        """Whether it answers this question."""
        subject = subject_of(finding, asked)
        # The reports break lines at blanks: an option that is copied from the screen has line ends there.
        named = {_on_one_line(subject), _code(subject)}
        return self.id == finding.id and (not self.subject or _on_one_line(self.subject) in named)


def parse(text: str) -> Choice:
    """Parse the argument of ``--choose``; raises ``UsageError`` if it is invalid."""
    found = _FORM.fullmatch(text)
    if found is None:
        raise UsageError(
            f"--choose '{text}' is invalid", do="write FINDING-ID:SUBJECT=CANDIDATE, as 'doctor fix' lists them"
        )
    return Choice(text=text, id=found["id"], subject=found["subject"] or "", candidate=found["candidate"])


class Answers:
    """The choices of one command, the questions, and which choices were used.

    Attributes:
        given: the choices in the order of the command line.
    """

    def __init__(self, given: tuple[Choice, ...] = ()) -> None:
        self.given = given
        self._used: dict[Choice, tuple[str, Choose]] = {}
        self._taken: dict[str, str] = {}
        self._asked: dict[str, tuple[Finding, Choose]] = {}

    def apply(self, finding: Finding, actions: Ranked, least: Applicability) -> Ranked:
        """Return the actions, with each answered question replaced by the actions of the chosen option.

        ``least`` is the least risk declared by the fixer. Raises ``UsageError`` for an answer that is not a candidate, and
        if two answers need the same thing.
        """
        found: Ranked = []
        for action, risk in actions:
            chosen = self._chosen(finding, action) if isinstance(action, Choose) else None
            if chosen is None:
                found.append((action, risk))
            else:
                found.extend((step, max(least, step.risk)) for step in chosen.actions)
        return found

    def _chosen(self, finding: Finding, asked: Choose) -> Choosable | None:
        key = f"{finding.id}:{subject_of(finding, asked)}"
        self._asked[key] = (finding, asked)
        answers = [choice for choice in self.given if choice.fits(finding, asked)]
        if not answers:
            return None
        answer = answers[0]
        if len(answers) > 1:
            given = ", ".join(f"--choose '{choice.text}'" for choice in answers)
            raise UsageError(f"one question is answered twice: {given}", do=f"answer once: {asked.question}")
        if self._used.get(answer, (key, asked))[0] != key:
            raise UsageError(
                f"--choose '{answer.text}' matches several questions: {self._used[answer][0]}, {key}",
                do="name the subject",
            )
        self._used[answer] = (key, asked)
        option = _pick(answer, asked)
        if option.takes and self._taken.setdefault(option.takes, key) != key:
            raise UsageError(f"{option.takes} is chosen twice: for {self._taken[option.takes]} and {key}")
        return option

    def complain(self) -> None:
        """Raise ``UsageError`` for a choice without a question."""
        for choice in self.given:
            if choice not in self._used:
                open_ones = [text for key, (_, asked) in self._asked.items() for text in (f"{asked.question} ({key})",)]
                raise UsageError(
                    f"--choose '{choice.text}' matches no question about this host",
                    do=f"the questions are: {'; '.join(open_ones)}"
                    if open_ones
                    else "'doctor fix' lists the open questions",
                )


def _pick(answer: Choice, asked: Choose) -> Choosable:
    given = _on_one_line(answer.candidate)
    names = {option.name: _on_one_line(option.name) for option in asked.options}
    exact = [option for option in asked.options if names[option.name] == given]
    found = exact or [
        option
        for option in asked.options
        if names[option.name].removeprefix("sha256:").startswith(given.removeprefix("sha256:"))
    ]
    if len(found) != 1:
        what = "matches several candidates" if found else "is not a candidate"
        raise UsageError(f"--choose '{answer.text}' {what}", do=f"choose {asked.question}: {', '.join(names)}")
    return found[0]


def _short(option: Choosable, asked: Choose) -> str:
    """Return a unique prefix of a candidate's name."""
    name = option.name.removeprefix("sha256:")
    others = [one.name.removeprefix("sha256:") for one in asked.options if one is not option]
    # An id is shortened; a word or a path stays whole.
    lengths = range(12, len(name)) if len(name) >= _LONG and "/" not in name else ()
    return next((name[:size] for size in lengths if not any(one.startswith(name[:size]) for one in others)), name)


def subject_of(finding: Finding, asked: Choose) -> str:
    """Return the subject of a question as typed."""
    return asked.subject or finding.subject.name


def _on_one_line(text: str) -> str:
    """Return a text with one blank for each run of white space."""
    return " ".join(text.split())


def _code(subject: str) -> str:
    """Return a short name of a subject, for one that can't be printed as it is."""
    return f"#{sha256(subject.encode('utf-8', 'surrogateescape')).hexdigest()[:10]}"


def _option(finding: Finding, asked: Choose, option: Choosable) -> str:
    """Return the option that selects a candidate, as it can be pasted: a rule's text may look as if it had a secret."""
    from doctor.facts.secrets.redact import redact  # noqa: PLC0415 - only a plan with a question needs it

    subject, name = subject_of(finding, asked), _short(option, asked)
    plain = f"--choose {shlex.quote(f'{finding.id}:{subject}={name}')}"
    return plain if redact(plain) == plain else f"--choose {shlex.quote(f'{finding.id}:{_code(subject)}={name}')}"


def question(finding: Finding, asked: Choose) -> Question:
    """Return a question for reports."""
    return Question(
        text=asked.question,
        candidates=tuple(
            Candidate(
                name=option.name,
                evidence=option.evidence,
                option=_option(finding, asked, option),
            )
            for option in asked.options
        ),
    )
