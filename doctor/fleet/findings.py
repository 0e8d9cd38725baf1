"""Groups the findings of all hosts by check, with what a person on call asks first: who, since when, what else is common."""

from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import suppress
from math import inf

from msgspec import Struct

from doctor.fleet.document import time_of
from doctor.fleet.hosts import JudgedHost
from doctor.fleet.seen import FAILED, PASSED, SeenFinding, risk_of
from doctor.model.errors import FormatError
from doctor.model.fleet.report import VERSIONS, FleetFinding
from doctor.model.severity import Severity

CANNOT = {
    "start": "start containers",
    "image": "start containers from their images",
    "storage": "give containers working storage",
    "egress": "reach the outside from containers",
    "port": "be reached at published ports",
    "dns": "resolve names in containers",
    "registry": "pull images",
    "limits": "limit containers",
    "logs": "keep the output of containers",
}
"""What a host can't do whose test container fails, by probe, the worst first."""
_COMMON = 0.5
"""A version explains a finding if at least this part of the hosts with it have the finding."""
_CHANCE = 0.01
"""It is suspected if all hosts with the finding have it, and would by chance only this often."""


class _OneCheck(Struct):
    """The findings of one check."""

    severity: Severity = Severity.INFO
    messages: Counter[str] = Counter()
    hosts: dict[str, JudgedHost] = {}
    waived: dict[str, None] = {}
    is_problem: bool = False
    unexplained: int = 0
    because: Counter[str] = Counter()
    explains: Counter[str] = Counter()
    fixes: Counter[tuple[str, str]] = Counter()
    since: tuple[float, str] | None = None


def by_check(hosts: list[JudgedHost], breaks: Callable[[str], tuple[str, ...]]) -> tuple[FleetFinding, ...]:
    """Return one entry for each check with findings, in the order of urgency. ``hosts`` are in the order to list them in."""
    groups: dict[str, _OneCheck] = defaultdict(
        lambda: _OneCheck(
            messages=Counter(), hosts={}, waived={}, because=Counter(), explains=Counter(), fixes=Counter()
        )
    )
    for judged in hosts:
        _add(groups, judged)
    then = [judged for judged in hosts if judged.earlier is not None]
    before = Counter(
        identity
        for judged in then
        if judged.earlier is not None
        for identity in judged.earlier.ids
        if judged.is_comparable(identity)
    )
    now = Counter(identity for judged in then for identity in judged.now_ids if judged.is_comparable(identity))
    having = {of: Counter(judged.versions[of] for judged in hosts) for of in VERSIONS}
    found = [
        _entry(
            identity, group, before[identity], now[identity], having=having, total=len(hosts), breaks=breaks(identity)
        )
        for identity, group in groups.items()
    ]
    return tuple(sorted(found, key=_urgency))


def _add(groups: dict[str, _OneCheck], judged: JudgedHost) -> None:
    by_fingerprint = {one.brief.fingerprint: one.brief.id for one in judged.findings}
    title = judged.host.title
    for one in judged.findings:
        group = groups[one.brief.id]
        if one.is_waived:
            group.waived[title] = None
            group.messages[one.brief.message] += 0
            continue
        group.severity = max(group.severity, one.brief.severity)
        group.messages[one.brief.message] += 1
        group.hosts[title] = judged
        group.is_problem = group.is_problem or one.brief.severity >= judged.fail_on
        causes = {by_fingerprint[cause] for cause in one.causes if cause in by_fingerprint} - {one.brief.id}
        group.unexplained += not causes
        group.because.update(causes)
        for cause in causes:
            groups[cause].explains[one.brief.id] += 1
        if one.since:
            with suppress(FormatError):
                group.since = min(group.since or (inf, ""), (time_of(one.since), title))
        if one.fix:
            group.fixes[one.fix, one.risk] += 1


def _entry(
    identity: str,
    group: _OneCheck,
    before: int,
    now: int,
    *,
    having: dict[str, Counter[str]],
    total: int,
    breaks: tuple[str, ...],
) -> FleetFinding:
    cannot, is_proven = _cannot(identity, group, breaks)
    fix, risk = next(iter(group.fixes.most_common(1)), (("", ""), 0))[0]
    return FleetFinding(
        id=identity,
        severity=group.severity,
        message=min(group.messages, key=lambda text: (-group.messages[text], text), default=""),
        messages=len(group.messages),
        hosts=tuple(group.hosts),
        waived=tuple(title for title in group.waived if title not in group.hosts),
        stale=sum(1 for judged in group.hosts.values() if judged.host.stale),
        is_problem=group.is_problem,
        cannot=cannot,
        is_proven=is_proven,
        because=() if group.unexplained else tuple(name for name, _ in group.because.most_common()),
        explains=tuple(name for name, _ in group.explains.most_common()),
        before=before,
        now=now,
        only=_only(group, having, total),
        since=group.since,
        fix=fix,
        risk=risk_of(risk),
    )


def _cannot(identity: str, group: _OneCheck, breaks: tuple[str, ...]) -> tuple[str, bool]:
    """Return what every host with the finding can't do, and whether a test container failed because of it on each."""
    own = identity.removeprefix("probe/").removesuffix("-failed") if identity.startswith("probe/") else ""
    breaks = (own,) if own else breaks
    for probe, words in CANNOT.items():
        if probe not in breaks or not group.hosts:
            continue
        if any(judged.probes.get(probe) == PASSED for judged in group.hosts.values()):
            continue
        proven = all(_is_proven(identity, probe, judged) for judged in group.hosts.values())
        return words, bool(own) or proven
    return "", False


def _is_proven(identity: str, probe: str, judged: JudgedHost) -> bool:
    if judged.probes.get(probe) != FAILED:
        return False
    own = {one.brief.fingerprint for one in judged.findings if one.brief.id == identity}
    failed = [one for one in judged.findings if one.brief.id == f"probe/{probe}-failed"]
    return any(own.intersection(one.causes) for one in failed)


def _only(group: _OneCheck, having: dict[str, Counter[str]], total: int) -> tuple[str, str, int] | None:
    """Return the version that all these hosts have, if most hosts with it have the finding, or few other hosts have it."""
    affected = list(group.hosts.values())
    best: tuple[str, str, int] | None = None
    if len(affected) < 2:
        return None
    for of in VERSIONS:
        values = {judged.versions[of] for judged in affected}
        if len(values) != 1 or values == {""}:
            continue
        (value,) = values
        with_it = having[of][value]
        by_chance = (with_it / total) ** len(affected)
        is_telling = len(affected) >= _COMMON * with_it or by_chance < _CHANCE
        if with_it < total and is_telling and (best is None or with_it < best[2]):
            best = (of, value, with_it)
    return best


def _urgency(found: FleetFinding) -> tuple[object, ...]:
    words = list(CANNOT.values())
    return (
        not found.is_problem,
        not found.hosts,
        bool(found.because),
        -found.severity,
        words.index(found.cannot) if found.cannot else len(words),
        -len(found.hosts),
        found.id,
    )


def occurrences(found: tuple[SeenFinding, ...]) -> dict[str, SeenFinding]:
    """Return the worst finding without a waiver of each check."""
    worst: dict[str, SeenFinding] = {}
    for one in found:
        if not one.is_waived and (one.brief.id not in worst or one.brief.severity > worst[one.brief.id].brief.severity):
            worst[one.brief.id] = one
    return worst
