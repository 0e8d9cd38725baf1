"""Questions about alternative repairs between which only the user can decide."""

from collections.abc import Iterator

from msgspec import Struct

from doctor.api.actions.base import Intention
from doctor.model.action import Action, Stage
from doctor.model.finding import Evidence
from doctor.model.severity import Applicability
from doctor.model.step import Step
from doctor.model.view import View


class Choosable(Struct, frozen=True, kw_only=True):
    """One candidate.

    Attributes:
        name: the word that selects it: a directory's name, an image's digest, a driver. A prefix that no other candidate
            has is sufficient.
        evidence: the evidence for it, which distinguishes it from the others.
        actions: the actions if it is chosen.
        takes: its exclusive resource ("directory 3f2a…"): no answer to another question may take it too. "" for none.
    """

    name: str
    evidence: tuple[Evidence, ...]
    actions: tuple[Action, ...]
    takes: str = ""


class Choose(Intention, frozen=True, kw_only=True):
    """Ask which of several candidates is the right one: ``doctor fix --choose FINDING-ID:SUBJECT=CANDIDATE`` answers.

    A fixer yields it if the host's data is not sufficient. Without an answer it is shown with the evidence and never applied;
    with one, the plan has the actions of the chosen option. Other actions of the same fixer are not affected.

    Attributes:
        question: the decision, without a question mark ("which layer directory belongs to container web").
        options: the candidates, at least one.
        subject: the subject of the question if it differs from that of the finding (a reference of a list of tags).
    """

    question: str
    options: tuple[Choosable, ...]
    subject: str = ""
    risk: Applicability = Applicability.MANUAL
    stage: Stage = Stage.AFTER

    @property
    def summary(self) -> str:
        """Return the question and its candidates in one line."""
        names = [option.name if len(option.name) < 25 else f"{option.name[:19]}…" for option in self.options]
        more = f" and {len(names) - 4} more" if len(names) > 4 else ""
        each = " for each" if len(names) > 1 else ""
        return f"choose {self.question}: {', '.join(names[:4])}{more} ('doctor fix' shows the evidence{each})"

    def steps(self, view: View) -> Iterator[Step]:
        """Yield nothing."""
        del view
        yield from ()
