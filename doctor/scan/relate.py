"""Relates findings to their causes."""

from collections.abc import Iterable

from msgspec.structs import replace

from doctor.model.finding import Finding, Subject

_MANY = 8


def relate(findings: Iterable[Finding], declared: dict[str, tuple[str, ...]]) -> tuple[Finding, ...]:
    """Return the findings with their causes filled in, worst first, each cause before its symptoms.

    ``declared`` maps a check id to the ids whose findings explain its own. If a cause has several findings, only those with
    the same subject are used; if none has it, all of them, up to a limit.
    """
    everything = list(findings)
    by_id: dict[str, list[str]] = {}
    by_subject: dict[tuple[str, Subject], list[str]] = {}
    for finding in everything:
        fingerprint = finding.fingerprint
        by_id.setdefault(finding.id, []).append(fingerprint)
        by_subject.setdefault((finding.id, finding.subject), []).append(fingerprint)
    related = []
    for finding in everything:
        causes: list[str] = list(finding.causes)
        for identity in declared.get(finding.id, ()):
            causes.extend(by_subject.get((identity, finding.subject)) or by_id.get(identity, [])[:_MANY])
        related.append(replace(finding, causes=tuple(dict.fromkeys(causes))))
    return _order(related)


def _order(findings: list[Finding]) -> tuple[Finding, ...]:
    ordered = sorted(
        findings, key=lambda finding: (bool(finding.waived), -finding.level, bool(finding.causes), finding.id)
    )
    known: dict[str, list[Finding]] = {}
    for finding in ordered:
        known.setdefault(finding.fingerprint, []).append(finding)
    order = list(known)
    placed: list[Finding] = []
    seen: set[str] = set()

    def place(fingerprint: str) -> None:
        if fingerprint in seen or fingerprint not in known:
            return
        seen.add(fingerprint)
        for finding in known[fingerprint]:
            for cause in finding.causes:
                place(cause)
        placed.extend(known[fingerprint])

    for fingerprint in order:
        place(fingerprint)
    return tuple(placed)
