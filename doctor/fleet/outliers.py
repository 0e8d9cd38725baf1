"""Finds hosts that differ from those like them: another version, other checks, many more problems."""

import re
from collections import Counter, defaultdict

from doctor.fleet.hosts import JudgedHost
from doctor.model.fleet.report import FleetOutlier
from doctor.model.severity import Severity
from doctor.model.text import plural

_LEAST = 5
"""Fewer hosts are no crowd to differ from."""
_USUAL, _RARE = 0.8, 0.1
_MANY, _TIMES = 5, 3
_LIKE = ("engine", "kernel", "doctor")


def outliers(hosts: list[JudgedHost]) -> tuple[FleetOutlier, ...]:
    """Return the outliers, those with the most differences first.

    Hosts are alike if they have one system and one pattern of name (``web1`` and ``web27``); a host with a name of its own is
    compared with all hosts of its system.
    """
    families: dict[tuple[str, str], list[JudgedHost]] = defaultdict(list)
    systems: dict[str, list[JudgedHost]] = defaultdict(list)
    for judged in hosts:
        families[judged.host.os, _pattern(judged.host.name)].append(judged)
        systems[judged.host.os].append(judged)
    found = []
    for (system, pattern), family in families.items():
        if len(family) >= _LEAST:
            found += _among(family, family, ", ".join(filter(None, (pattern, system))))
        elif len(systems[system]) >= _LEAST:
            found += _among(family, systems[system], system or "hosts of an unknown system")
    return tuple(sorted(found, key=lambda one: (-len(one.differences), one.host)))


def _pattern(name: str) -> str:
    return re.sub(r"\d+", "#", name)


def _among(members: list[JudgedHost], crowd: list[JudgedHost], like: str) -> list[FleetOutlier]:
    usual = {of: _usual(Counter(judged.versions[of] for judged in crowd)) for of in _LIKE}
    rare = {of: Counter(judged.versions[of] for judged in crowd) for of in _LIKE}
    ran = Counter(judged.host.ran for judged in crowd)
    usual_ran = _usual(Counter({str(number): count for number, count in ran.items()}))
    problems = sorted(judged.host.problems for judged in crowd)
    ordinary = problems[int((len(problems) - 1) * 0.9)]
    everywhere = _everywhere(crowd)
    found = []
    for judged in members:
        differences = [
            f"{of} {judged.versions[of]}, and {count} of them have {value}"
            for of in _LIKE
            if (known := usual[of]) is not None
            for value, count in (known,)
            if judged.versions[of] and judged.versions[of] != value and _is_rare(rare[of][judged.versions[of]], crowd)
        ]
        if judged.host.problems >= max(_MANY, _TIMES * (ordinary + 1)):
            differences.append(f"{judged.host.problems} problems, and nine of ten have at most {ordinary}")
        if (
            usual_ran
            and not differences
            and str(judged.host.ran) != usual_ran[0]
            and _is_rare(ran[judged.host.ran], crowd)
        ):
            differences.append(f"{plural(judged.host.ran, 'check')} ran, and on {usual_ran[1]} of them {usual_ran[0]}")
        differences += [
            f"no finding of {identity}, and {count} of them have one"
            for identity, count in everywhere.items()
            if judged.is_listed and identity not in judged.now_ids and judged.latest.has_judged(identity)
        ]
        if differences:
            found.append(FleetOutlier(host=judged.host.title, like=like, of=len(crowd), differences=tuple(differences)))
    return found


def _usual(values: Counter[str]) -> tuple[str, int] | None:
    """Return the value that nearly all have, and how many do."""
    value, count = values.most_common(1)[0]
    return (value, count) if value and count >= _USUAL * values.total() else None


def _is_rare(count: int, crowd: list[JudgedHost]) -> bool:
    return count <= max(1, _RARE * len(crowd))


def _everywhere(crowd: list[JudgedHost]) -> dict[str, int]:
    """Return the checks with a finding on nearly all hosts of a crowd: the one without differs, or was not examined."""
    count = Counter(
        identity
        for judged in crowd
        for identity in {
            one.brief.id for one in judged.findings if not one.is_waived and one.brief.severity > Severity.INFO
        }
    )
    return {
        identity: number
        for identity, number in sorted(count.items())
        if number < len(crowd) and number >= (1 - _RARE) * len(crowd)
    }
