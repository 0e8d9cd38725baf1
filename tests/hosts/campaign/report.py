"""The campaign in tables: what each way of treating a corrupt root keeps, and every loss with its reason."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from tests.hosts.campaign.case import ARMS, Outcome, lost, repeat
from tests.hosts.campaign.damage import DATA
from tests.hosts.campaign.reference import Reference
from tests.hosts.campaign.verdict import Verdict

_GROUPS = {
    "images": ("image ",),
    "tags": ("tag ",),
    "image files": ("files ", "run "),
    "`docker save`": ("save ",),
    "containers": ("container ", "settings "),
    "they start": ("start ",),
    "their files": ("marker ",),
    "their logs": ("log ",),
    "volumes": ("volume ",),
    "networks": ("network ", "address "),
    "ports": ("port ",),
}
_ROWS = {
    "nothing": ARMS["nothing"],
    "wiped": "wiping it",
    **{arm: title for arm, title in ARMS.items() if arm != "nothing"},
}
_NO_COPY = {
    "image/overlay2/repositories.json": "Names that no container was made from stand in no other file",
    "volumes/metadata.db": "Labels stand in no other file (options do, in `opts.json`)",
    "engine-id": "A random number, in no other file",
    "containers/*/*-json.log": "Lines of a log stand in no other file",
    "containers/*/*-json.log.1": "Lines of a log stand in no other file",
    "containers/*/*-json.log.2": "Lines of a log stand in no other file",
}
"""Classes of which nothing has a second copy, and why."""


def markdown(healthy: Reference, outcomes: list[Outcome], wiped: Verdict) -> str:
    """The whole text; wiped is what dockerd says of an empty root."""
    parts = [_head(healthy, outcomes)]
    counts = sorted({one.count for one in outcomes})
    parts += [_table(healthy, [one for one in outcomes if one.count == count], wiped) for count in counts]
    parts.append(_section("Lost though dockerd alone would have kept it", _worse_lines(healthy, outcomes)))
    parts.append(_section("Engine down after the repair", _down_lines(outcomes)))
    parts.append(_section("User data that a repair touched", _touched_lines(outcomes)))
    parts.append(_losses(healthy, outcomes, 0, "Lost with a directory"))
    parts.append(_losses(healthy, outcomes, 1, "Lost with one fault"))
    parts.append(_section(f"Lost with several faults: {ARMS['scanned']}", _several(healthy, outcomes)))
    return "\n".join(parts)


def worse(healthy: Reference, outcomes: Iterable[Outcome]) -> Iterator[tuple[Outcome, list[str]]]:
    """Cases in which something is lost that dockerd alone keeps."""
    by_key = {(one.count, one.seed, one.arm): one for one in outcomes}
    for one in by_key.values():
        alone = by_key.get((one.count, one.seed, "nothing"))
        if one.arm != "nothing" and alone is not None:
            more = set(lost(healthy.verdict, one.verdict)) - set(lost(healthy.verdict, alone.verdict))
            if more:
                yield one, sorted(more)


def _head(healthy: Reference, outcomes: list[Outcome]) -> str:
    times = sorted(one.seconds for one in outcomes if one.arm != "nothing") or [0.0]
    return f"""# How much of a damaged data root is restored

`python -m tests.hosts.campaign --seeds 200 --faults 0,1,3,5 --write benchmarks/CAMPAIGN.md`, as root; these are the
{len(outcomes)} cases that were run so far.

The patient (tests/hosts/patient.py) after a power loss. Each fault hits a file chosen by its seed among all that the data
root holds, every class of file as likely as any other: empty, cut, NUL, NUL from some byte on, garbage, one bit, removed, of
the wrong type; layers, writable layers and volumes too. Or one whole directory is removed, of each class once. Then `doctor fix --apply --yes --allow disruptive`, and a fresh
dockerd says what it sees: {len(healthy.verdict)} things a root, among them each image's files from inside, a run of each, `docker save`,
each container's settings, its start, its files and log, volumes, networks, ports. A row gives the percentage of things that
are as they were on the healthy root; "whole" counts the cases in which all are. Files that a repair sets aside count as lost.

A repair with the start of the engine and its proof took {times[len(times) // 2]:.1f} s in the middle, {times[-1]:.1f} s at most, on a machine busy
with other work.
"""


def _table(healthy: Reference, outcomes: list[Outcome], wiped: Verdict) -> str:
    count = outcomes[0].count
    seeds = sorted({one.seed for one in outcomes})
    what = ("a whole directory removed", "1 fault")[count] if count < 2 else f"{count} faults at once"
    lines = [f"## {what[0].upper()}{what[1:]}, seeds {seeds[0]} to {seeds[-1]}\n"]
    lines.append(f"| | engine up | whole | {' | '.join(_GROUPS)} |")
    lines.append(f"| --- {'| --: ' * (len(_GROUPS) + 2)}|")
    for arm, title in _ROWS.items():
        mine = [one for one in outcomes if one.arm == arm]
        if arm == "wiped":
            mine = [Outcome(count=count, seed=seed, arm=arm, faults=[], verdict=wiped) for seed in seeds]
        if mine:
            whole = sum(not lost(healthy.verdict, one.verdict) for one in mine)
            cells = [_percent(sum(one.up for one in mine), len(mine)), f"{whole} of {len(mine)}"]
            cells += [_kept(healthy, mine, prefixes) for prefixes in _GROUPS.values()]
            lines.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _kept(healthy: Reference, outcomes: list[Outcome], prefixes: tuple[str, ...]) -> str:
    names = [name for name in healthy.verdict if name.startswith(prefixes)]
    kept = sum(one.verdict.get(name) == healthy.verdict[name] for one in outcomes for name in names)
    return _percent(kept, len(names) * len(outcomes))


def _percent(part: int, whole: int) -> str:
    """Rounded down to a tenth, so that 100 means all."""
    return "100" if part == whole else f"{part * 1000 // whole / 10:.1f}"


def _section(title: str, lines: Iterable[str]) -> str:
    found = list(lines)
    return f"## {title}\n\n" + ("\n".join(f"* {line}" for line in found) if found else "None.") + "\n"


def _faults(one: Outcome) -> str:
    return ", ".join(f"`{fault.kind}` {fault.how}" for fault in one.faults)


def _worse_lines(healthy: Reference, outcomes: list[Outcome]) -> Iterator[str]:
    for one, names in worse(healthy, outcomes):
        yield f"{_faults(one)}: {_named(healthy, names)}. `{repeat(one)}`"


def _down_lines(outcomes: list[Outcome]) -> Iterator[str]:
    for one in outcomes:
        if one.arm != "nothing" and not one.up:
            yield f"{_faults(one)}: {one.verdict['engine']}. `{repeat(one)}`"


def _touched_lines(outcomes: list[Outcome]) -> Iterator[str]:
    for one in outcomes:
        if one.touched:
            yield f"{_faults(one)}: {len(one.touched)} files, `{one.touched[0]}` first. `{repeat(one)}`"


def _named(healthy: Reference, names: list[str]) -> str:
    """Names with tags in place of image IDs."""
    tags = {identity: tag for tag, identity in healthy.images.items()}
    words = []
    for name in names:
        kind, _, rest = name.partition(" ")
        words.append(f"{kind} {tags.get(rest, rest[:19])}".strip())
    shown = ", ".join(words[:8])
    return shown if len(words) <= 8 else f"{shown} and {len(words) - 8} more"


def _losses(healthy: Reference, outcomes: list[Outcome], count: int, title: str) -> str:
    """Each kind of fault after which something is lost, of the cases with so many faults, with what doctor says of it."""
    parts = []
    for arm in ("doctor", "scanned", "deep"):
        if not any(one.arm == arm and one.count == count for one in outcomes):
            continue
        groups: dict[tuple[str, str, str], list[Outcome]] = defaultdict(list)
        for one in outcomes:
            names = lost(healthy.verdict, one.verdict)
            if one.arm == arm and one.count == count and names:
                fault = one.faults[0]
                groups[fault.kind, fault.how, _named(healthy, names)].append(one)
        lines = [_loss(key, ones) for key, ones in sorted(groups.items())]
        parts.append(_section(f"{title}: {ARMS[arm]}", lines))
    return "\n".join(parts)


def _several(healthy: Reference, outcomes: list[Outcome]) -> Iterator[str]:
    for one in outcomes:
        names = lost(healthy.verdict, one.verdict)
        if one.arm == "scanned" and one.count > 1 and names:
            yield f"{_faults(one)} (seed {one.seed}): {_named(healthy, names)}"


def _loss(key: tuple[str, str, str], ones: list[Outcome]) -> str:
    kind, how, names = key
    seeds = ", ".join(str(one.seed) for one in ones)
    return f"`{kind}` {how} (seed {seeds}): {names}. {_why(kind, ones)}"


def _why(kind: str, ones: list[Outcome]) -> str:
    if kind == "layer content":
        return "Contents of a layer are read only by `--deep`, and metadata without a tar header is in no other file"
    if kind in DATA:
        return "User data: no metadata holds it, and a scan doesn't keep it"
    if kind in _NO_COPY:
        return _NO_COPY[kind]
    texts = {text for one in ones for name, found in one.left.items() if name.startswith("state/") for text in found}
    return f"Doctor says: {'; '.join(sorted(texts))}" if texts else "Nothing is said of it"
