"""What doctor can do in several ways, and only a person can choose between."""

from collections.abc import Iterator

from msgspec import Struct

from doctor.model.action import Action, Stage
from doctor.model.finding import Evidence
from doctor.model.severity import Applicability
from doctor.model.step import Step
from doctor.model.view import View


class Choosable(Struct, frozen=True, kw_only=True):
    """One candidate.

    Attributes:
        name: what is typed to choose it: a directory's name, an image's digest, a driver. Any beginning that no other
            candidate of the question has will do.
        evidence: what speaks for it, so that a person can tell it from the others.
        actions: what is done if it is chosen.
        takes: what it takes for itself ("directory 3f2a…"): no other question may be answered with it. "" for nothing.
    """

    name: str
    evidence: tuple[Evidence, ...]
    actions: tuple[Action, ...]
    takes: str = ""


class Choose(Struct, frozen=True, kw_only=True):
    """Ask which of several candidates is the right one: ``doctor fix --choose FINDING-ID:SUBJECT=CANDIDATE`` answers.

    A fixer yields it where the host does not tell. Unanswered it is shown with the evidence, and never applied; answered, the
    plan takes the actions of the chosen option instead. Other actions of the same fixer are done either way.

    Attributes:
        question: what is to be decided, without a question mark ("which layer directory belongs to container web").
        options: the candidates, at least one.
        subject: what the question is about where that is not the finding's own subject (a reference of a list of tags).
    """

    question: str
    options: tuple[Choosable, ...]
    subject: str = ""
    risk: Applicability = Applicability.MANUAL
    stage: Stage = Stage.AFTER
    needs_engine_restart: bool = False

    @property
    def summary(self) -> str:
        """Return the question and its candidates in one line."""
        names = [option.name if len(option.name) < 25 else f"{option.name[:19]}…" for option in self.options]
        more = f" and {len(names) - 4} more" if len(names) > 4 else ""
        return f"choose {self.question}: {', '.join(names[:4])}{more} ('doctor fix' shows what speaks for each)"

    def steps(self, view: View) -> Iterator[Step]:
        """Yield nothing."""
        del view
        yield from ()
