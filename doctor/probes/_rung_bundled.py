"""The first rung: doctor's bundled runtime starts a container, so the kernel can."""

from doctor.model.finding import Evidence
from doctor.model.probing import Ended
from doctor.probes._rung import FAILED, PASSED, Rung, RungResult

_NAME = "the bundled runtime"
_TEXT = "started\n"


def rung(limit_s: float) -> Rung:
    """Return the rung."""
    container = {"id": "bundled", "builtin": "print", "args": {"text": _TEXT}, "timeout_s": limit_s}
    return Rung(name=_NAME, id="bundled", container=container, judge=_judge)


def _judge(ended: Ended) -> RungResult:
    if ended.error:
        return RungResult(
            state=FAILED,
            says=f"this kernel can't start a container: {ended.error}",
            evidence=(Evidence(_NAME, ended.error),),
        )
    if ended.exit or ended.stdout != _TEXT:
        says = f"its container exited with code {ended.exit} and printed {ended.stdout!r}"
        return RungResult(state=FAILED, says=says, evidence=(Evidence(_NAME, says),))
    return RungResult(state=PASSED, says="started a container", evidence=(Evidence(_NAME, "started a container"),))
