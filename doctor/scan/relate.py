"""Which finding explains which."""

from collections.abc import Iterable

from msgspec.structs import replace

from doctor.model.finding import Finding


def relate(findings: Iterable[Finding], declared: dict[str, tuple[str, ...]]) -> tuple[Finding, ...]:
    """Return the findings with their causes filled in, worst first, each cause before its symptoms.

    ``declared`` maps a check id to the ids whose findings explain its own. Where a cause has several findings, those with
    the same subject count; if none has it, all do.
    """
    by_id: dict[str, list[Finding]] = {}
    everything = list(findings)
    for finding in everything:
        by_id.setdefault(finding.id, []).append(finding)
    related = []
    for finding in everything:
        causes: list[str] = list(finding.causes)
        for identity in declared.get(finding.id, ()):
            candidates = by_id.get(identity, [])
            same = [cause for cause in candidates if cause.subject == finding.subject]
            causes.extend(cause.fingerprint for cause in same or candidates)
        related.append(replace(finding, causes=tuple(dict.fromkeys(causes))))
    return _order(related)


def _order(findings: list[Finding]) -> tuple[Finding, ...]:
    ordered = sorted(
        findings, key=lambda finding: (bool(finding.waived), -finding.level, bool(finding.causes), finding.id)
    )
    known: dict[str, list[Finding]] = {}
    for finding in ordered:
        known.setdefault(finding.fingerprint, []).append(finding)
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

    for finding in ordered:
        place(finding.fingerprint)
    return tuple(placed)
