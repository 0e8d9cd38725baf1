"""A rung of the ladder: one layer that starts a container, and the result of its start."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from doctor.model.finding import Evidence
from doctor.model.probing import Ended

PASSED, FAILED, SKIPPED, OPEN = "passed", "failed", "skipped", "open"
_USUAL_S = 1.0


class RungResult(Struct, frozen=True, kw_only=True):
    """The result of one rung.

    Attributes:
        state: ``passed``; ``failed``: this layer is at fault if all before it passed; ``skipped``: this host has no such layer, or
            a check already reports why it can't be used; ``open``: the host uses the layer, and it could not be tried.
        says: what happened, in words, without the name of the rung; for a failure with the culprit (a file, a setting).
        brings_back: what repairs it, as a command or an instruction; "" if unknown.
        evidence: what was asked, and the answers.
        doubt: a problem of a layer that passed, as a sentence; "" without one.
    """

    state: str
    says: str
    brings_back: str = ""
    evidence: tuple[Evidence, ...] = ()
    doubt: str = ""


class Rung(Struct, frozen=True, kw_only=True):
    """One rung: what it starts, and how its end is judged.

    Attributes:
        name: the layer in words ("the host's runtime runc").
        id: of its start among those of the probe.
        container: the container for the bundled runtime, if that is the layer.
        start: the start by another program (``Launch.rungs``), if it is.
        judge: judges the end; it is not called if there is nothing to start.
        untried: the result if there is nothing to start.
        others: name of a part → the same start without it. They are tried only if the start fails: a part without which it
            succeeds is at fault.
        spare: parts of ``others`` that nothing on this host uses: a start that succeeds without one has passed, with a doubt.
        slow_s: a start that takes longer is a doubt, 0 for none.
    """

    name: str
    id: str
    container: dict[str, Any] = field(default_factory=dict)
    start: dict[str, Any] = field(default_factory=dict)
    judge: Callable[[Ended], RungResult] | None = None
    untried: RungResult | None = None
    others: dict[str, dict[str, Any]] = field(default_factory=dict)
    spare: tuple[str, ...] = ()
    slow_s: float = 0.0

    def without(self, ended: dict[str, Ended], result: RungResult) -> RungResult:
        """Return a failure with the part at fault, by how the starts without each part ended."""
        able = [
            part
            for part, start in self.others.items()
            if self.judge is not None
            and (end := ended.get(start["id"])) is not None
            and not end.error
            and self.judge(end).state == PASSED
        ]
        if not able:
            return result
        found = Evidence("the same start", f"succeeds without {' and without '.join(able)}")
        if able[0] in self.spare:
            evidence = (*result.evidence, found)
            return RungResult(
                state=PASSED, says=f"started a container without {able[0]}", evidence=evidence, doubt=result.says
            )
        return replace(result, says=f"{result.says}; without {able[0]} it can", evidence=(*result.evidence, found))

    def result(self, ended: dict[str, Ended]) -> RungResult:
        """Return the result, by how the starts of the probe ended."""
        if self.untried is not None or self.judge is None:
            return self.untried or RungResult(state=OPEN, says="nothing was started")
        end = ended.get(self.id)
        if end is None:
            return RungResult(state=OPEN, says="its result was lost")
        if end.error and not end.timed_out and self.start:
            return RungResult(state=OPEN, says=end.error)
        judged = self.judge(end)
        if judged.state != PASSED or not self.slow_s or end.seconds <= self.slow_s:
            return judged
        slow = f"{self.name} took {end.seconds:.1f} s to start and remove a container, usually less than {_USUAL_S:g} s"
        return replace(judged, doubt=slow, evidence=(*judged.evidence, Evidence(self.name, f"{end.seconds:.1f} s")))


def not_tried(name: str, state: str, says: str) -> Rung:
    """Return a rung that can't be tried: ``skipped`` if nothing is missing by that, ``open`` if the verdict needs it."""
    return Rung(name=name, id="", untried=RungResult(state=state, says=says))
