"""Collects files that could not be decoded: each is a finding on the file, not a gap.

Each collector names the file (``Missing.path``; the resolver does so if an error of a parser escapes). These files are passed to
the checks that judge them. The checks that lack such a file are skipped if it has a finding; otherwise the scan is
incomplete.
"""

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from doctor.facts.engine.undecoded import Undecoded, UndecodedFile
from doctor.model.finding import Finding
from doctor.model.missing import Missing, Why
from doctor.model.outcome import Outcome, Result


def judges_undecoded(function: Any) -> bool:
    """Whether a check judges undecoded files, so that it must run after the others."""
    return any(kind is Undecoded for kind in function.__annotations__.values())


def gather(gaps: Iterable[tuple[str, Missing]], findings: Iterable[Finding]) -> Undecoded:
    """Return the undecoded files in ``gaps``, pairs of (check id, gap), except those with a finding."""
    files: dict[str, tuple[str, list[str]]] = {}
    for identity, gap in gaps:
        if gap.why is Why.UNDECODABLE and gap.path:
            problem = gap.reason.removeprefix(gap.path).removeprefix(": ")
            files.setdefault(gap.path, (problem, []))[1].append(identity)
    known = subjects(findings) if files else {}
    return Undecoded(
        files=tuple(
            UndecodedFile(path=path, problem=problem, checks=tuple(checks))
            for path, (problem, checks) in sorted(files.items())
            if _finding_on(path, known) == ""
        )
    )


def subjects(findings: Iterable[Finding]) -> dict[str, str]:
    """Return the files with findings, each with the id of one finding."""
    known: dict[str, str] = {}
    for finding in findings:
        for name in (finding.subject.name, *(evidence.source for evidence in finding.evidence)):
            if name.startswith("/"):
                known.setdefault(name, finding.id)
    return known


def completed(outcome: Outcome, gaps: tuple[Missing, ...], known: dict[str, str]) -> Outcome:
    """Return the outcome of a check that lacks files: if all of them have findings, these are the reason, and no gap is left."""
    why = [(gap, _finding_on(gap.path, known)) for gap in gaps if not gap.is_harmless]
    if not outcome.incomplete or not why or not all(gap.why is Why.UNDECODABLE and found for gap, found in why):
        return outcome
    reasons = dict.fromkeys(f"because of {found}: {gap.reason}" for gap, found in why)
    result = Result.SKIP if outcome.result is Result.ERROR else outcome.result
    return replace(outcome, result=result, incomplete=False, reason="; ".join(reasons))


def _finding_on(path: str, known: dict[str, str]) -> str:
    """Return the id of a finding about a file or a line of it, "" without a finding."""
    if path in known:
        return known[path]
    return next((identity for name, identity in known.items() if path and name.startswith(f"{path}:")), "")
