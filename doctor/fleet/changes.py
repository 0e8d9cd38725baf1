"""Compares the newest reports with the last ones from before a time."""

from collections import defaultdict

from doctor.fleet.findings import occurrences
from doctor.fleet.hosts import RANK, JudgedHost
from doctor.model.fleet.changes import FindingChange, FleetChanges, VersionChange
from doctor.model.fleet.report import VERSIONS
from doctor.model.severity import Severity
from doctor.model.verdict import VerdictState

_Moved = list[tuple[str, VerdictState, VerdictState]]


def changes(hosts: list[JudgedHost], since: float, known: dict[str, tuple[Severity, str]]) -> FleetChanges:
    """Return what changed. ``known`` has severity and message of each check with a finding now."""
    compared = [judged for judged in hosts if judged.earlier is not None]
    new: dict[str, list[str]] = defaultdict(list)
    gone: dict[str, list[str]] = defaultdict(list)
    unknown: dict[str, list[str]] = defaultdict(list)
    versions: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    words = dict(known)
    worse: _Moved = []
    better: _Moved = []
    for judged in compared:
        earlier = judged.earlier
        if earlier is None:
            continue
        title = judged.host.title
        for identity, one in occurrences(judged.findings).items():
            if identity not in earlier.ids and identity in judged.now_ids and judged.is_comparable(identity):
                new[identity].append(title)
                words.setdefault(identity, (one.brief.severity, one.brief.message))
        for identity in earlier.ids - judged.now_ids:
            (gone if judged.is_comparable(identity) else unknown)[identity].append(title)
        for of in VERSIONS:
            before, after = earlier.versions[of], judged.versions[of]
            if before and after and before != after:
                versions[of, before, after].append(title)
        step = RANK[judged.host.state] - RANK[earlier.state]
        # A host that is not examined completely any more is no better, whatever it was.
        if step > 0 or (step < 0 and judged.host.state is not VerdictState.INCOMPLETE):
            (worse if step > 0 else better).append((title, earlier.state, judged.host.state))
    found = [
        FindingChange(
            id=identity,
            severity=words[identity][0] if identity in words else Severity.INFO,
            message=words[identity][1] if identity in words else "",
            new=tuple(new[identity]),
            gone=tuple(gone[identity]),
            unknown=tuple(unknown[identity]),
        )
        for identity in {*new, *gone, *unknown}
    ]
    shown = sorted(found, key=lambda one: (not one.new, -one.severity, -len(one.new), -len(one.gone), one.id))
    return FleetChanges(
        since=since,
        compared=len(compared),
        findings=tuple(shown),
        versions=tuple(
            VersionChange(of=of, before=before, after=after, hosts=tuple(titles))
            for (of, before, after), titles in sorted(versions.items(), key=lambda item: (-len(item[1]), item[0]))
        ),
        worse=tuple(worse),
        better=tuple(better),
        appeared=tuple(
            one.host.title for one in hosts if one.earlier is None and one.host.started > since and not one.is_mixed
        ),
        silent=tuple(one.host.title for one in hosts if one.host.started <= since),
    )
