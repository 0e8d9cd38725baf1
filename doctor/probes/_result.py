"""Results of probes in one shape, and the words for the outcome of a connection attempt."""

import errno
import os
from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from doctor.model.finding import Evidence
from doctor.model.outcome import Result
from doctor.model.probe_result import LostWay, ProbeResult
from doctor.model.probing import Ended

_DNS_ERRORS = {1: "FORMERR", 2: "SERVFAIL", 4: "NOTIMP", 5: "REFUSED"}
_REACHED = {"tcp": "connected", "greet": "connected", "dns": "answered", "ping": "echo"}


def result(result: Result, message: str, evidence: Iterable[Evidence] = ()) -> ProbeResult:
    """Return a probe's result; the caller of the probe adds its name and what it proves."""
    return ProbeResult(name="", proves="", result=result, message=message, evidence=tuple(evidence))


def passed(message: str, evidence: Iterable[Evidence] = ()) -> ProbeResult:
    """Return a pass: the ability was demonstrated."""
    return result(Result.PASS, message, evidence)


def failed(message: str, evidence: Iterable[Evidence] = (), lost: Iterable[LostWay] = ()) -> ProbeResult:
    """Return a failure: the ability is missing; packets were lost on these ways."""
    return replace(result(Result.FAIL, message, evidence), lost=tuple(lost))


def failed_beyond(message: str, evidence: Iterable[Evidence] = ()) -> ProbeResult:
    """Return a failure with a cause outside this host."""
    return replace(failed(message, evidence), by_others=True)


def skipped(message: str, evidence: Iterable[Evidence] = ()) -> ProbeResult:
    """Return a skip: this host does not use the ability."""
    return result(Result.SKIP, message, evidence)


def unproven(message: str, evidence: Iterable[Evidence] = ()) -> ProbeResult:
    """Return that the ability is used here but could not be tested."""
    return result(Result.UNPROVEN, message, evidence)


def not_run(ended: Iterable[Ended | None]) -> ProbeResult | None:
    """Return an error if the runtime could not run one of the containers or lost it, else ``None``."""
    for one in ended:
        if one is None:
            return result(Result.ERROR, "the bundled runtime exited before all of its containers")
        if one.error:
            return result(Result.ERROR, one.error)
    return None


def target_word(target: dict[str, Any]) -> str:
    """Return the outcome for one target of the builtin ``reach``, as a word for people."""
    if target.get("reached") and target.get("code") in _DNS_ERRORS:
        return f"answers {_DNS_ERRORS[target['code']]}"
    if target.get("reached"):
        return _REACHED.get(str(target.get("kind")), "reached")
    number = target.get("errno")
    if not isinstance(number, int):
        return "no answer"
    return "refused" if number == errno.ECONNREFUSED else os.strerror(number).lower()


def results_of(ended: Ended) -> list[dict[str, Any]]:
    """Return the results of the builtin ``reach``, one per target, in order."""
    found = ended.output.get("results")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
