"""The verdict of a plan: that of the host now, worded for a repair."""

import time

from msgspec.structs import replace

from doctor.model.exit_code import ExitCode
from doctor.model.outcome import Result
from doctor.model.probe_result import LastProof
from doctor.model.severity import Severity
from doctor.model.text import plural
from doctor.model.verdict import Verdict, VerdictState, judge_probes, tried


def judge_plan(
    before: Verdict,
    *,
    steps: int,
    resolves: int,
    is_left: bool,
    option: str = "",
    can_try: bool = False,
    proof: LastProof | None = None,
) -> Verdict:
    """Judge a plan: "nothing to repair" only if everything was examined and tried, and nothing is wrong.

    ``option``: the option with which doctor would repair something that is left. ``can_try``: test containers can run on the host; ``proof`` is their last result. If they failed, an empty plan is
    not a success: the checks miss the fault.
    """
    if steps:
        says = f"{plural(steps, 'action')} would resolve {plural(resolves, 'finding')}; nothing is changed yet"
        says += _gap(before) if before.state is VerdictState.INCOMPLETE else ""
        return replace(before, says="; ".join(filter(None, (says, before.left_out))))
    has_failed = can_try and proof is not None and any(probe.result is Result.FAIL for probe in proof.probes)
    words = _proof(proof) if can_try else ""
    nothing = _nothing(before, proof, has_failed, can_try)
    if is_left or before.state is VerdictState.PROBLEMS:
        nothing = (
            f"doctor repairs none of the problems without {option}"
            if option
            else "doctor can repair none of the problems"
        )
    verdict = replace(
        before,
        says="; ".join(filter(None, (nothing, words, before.left_out))),
    )
    if not has_failed:
        # A container that could not be tried leaves its question open, as it does in a scan.
        is_open = can_try and proof is not None and judge_probes(proof.probes).incomplete > 0
        if is_open and before.state is not VerdictState.PROBLEMS:
            return replace(verdict, state=VerdictState.INCOMPLETE, exit_code=ExitCode.INCOMPLETE)
        return verdict
    return replace(
        verdict,
        state=VerdictState.PROBLEMS,
        exit_code=ExitCode.FOUND,
        worst=max(verdict.worst or Severity.ERROR, Severity.ERROR),
    )


def _nothing(before: Verdict, proof: LastProof | None, has_failed: bool, can_try: bool) -> str:
    if before.state is VerdictState.INCOMPLETE:
        return f"nothing was found to repair{_gap(before)}"
    if has_failed:
        return "doctor found no problem that it can repair"
    checks = plural(before.passed, "check")
    if can_try and (proof is None or judge_probes(proof.probes).state is not VerdictState.CLEAR):
        return f"no problem found by {checks}"
    return f"nothing to repair: {checks} found no problem"


def _proof(proof: LastProof | None) -> str:
    again = "'doctor scan --probe'"
    if proof is None or not proof.probes:
        since = "" if proof is None else " since the last repair"
        return f"no scan has tried test containers{since} ({again} does)"
    when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(proof.started))
    return f"in the scan of {when}: {'; '.join(tried(proof.probes))} ({again} tries them again)"


def _gap(before: Verdict) -> str:
    if before.incomplete:
        return f", but {plural(before.incomplete, 'check')} could not examine everything"
    return f": {before.says}"
