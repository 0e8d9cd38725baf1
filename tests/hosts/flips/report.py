"""The sweep in tables: places, what the engine does, what doctor finds and repairs."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from tests.hosts.flips.engine import Judged
from tests.hosts.flips.look import Seen
from tests.hosts.flips.place import Place

Row = tuple[Place, Seen]


def markdown(seen: dict[str, list[Row]], judged: list[tuple[Seen, Judged]], seed: int) -> str:
    """The whole file; ``seen`` by the way in which doctor's backup stands ("with", "without")."""
    return "\n".join([*_head(seed), *_doctor(seen), *_engine(judged), ""])


def _head(seed: int) -> Iterator[str]:
    yield "# One flipped bit anywhere in the engine's own files"
    yield ""
    yield "`python -m tests.hosts.flips --write benchmarks/FLIPS.md`, as root, seed " + str(seed) + "."
    yield ""
    yield "The patient (tests/hosts/patient.py) after a power loss. Every byte of every metadata file has one random bit flipped, and every byte"
    yield "of each database that its newest tree uses (meta pages, free list, page headers, keys, values), one at a time; then each file is cut at eight"
    yield "lengths. Layers' and volumes' contents and containers' logs are left out, and `hosts`, `hostname` and `resolv.conf`, which the engine"
    yield 'writes at each start. "Found" is a finding that the healthy root does not have; "repaired" means that each such finding has a repair that is'
    yield "not manual. A fresh dockerd judges a sample: all kinds of file alike, and more of those places of which doctor says nothing."
    yield ""


def _doctor(seen: dict[str, list[Row]]) -> Iterator[str]:
    for how, rows in seen.items():
        yield f"## Doctor, {how}"
        yield ""
        yield "| file | places | found | with a repair | only info | nothing said | incomplete |"
        yield "| --- | --- | --- | --- | --- | --- | --- |"
        groups: dict[str, Counter[str]] = defaultdict(Counter)
        for place, one in rows:
            for name in (place.group, "all"):
                groups[name].update(("places", one.word, *(("repairs",) if one.repairs else ())))
        for name in sorted(groups, key=lambda name: (name == "all", name)):
            count = groups[name]
            words = (count[key] for key in ("places", "found", "repairs", "info", "silent", "incomplete"))
            yield f"| {name} | {' | '.join(map(str, words))} |"
        yield ""


def _engine(judged: list[tuple[Seen, Judged]]) -> Iterator[str]:
    refused = [(seen, one) for seen, one in judged if not one.starts]
    lost = [(seen, one) for seen, one in judged if one.starts and one.lost]
    yield "## The engine, on a sample"
    yield ""
    yield "| | places | doctor finds | says nothing | incomplete | engine whole after `doctor fix` |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for title, rows in (("does not start", refused), ("starts, and something is lost or other than before", lost)):
        words = Counter(seen.word for seen, _ in rows)
        repaired = sum(one.repaired for _, one in rows)
        found = words["found"] + words["info"]
        yield f"| {title} | {len(rows)} | {found} | {words['silent']} | {words['incomplete']} | {repaired} |"
    calm = [seen for seen, one in judged if one.starts and not one.lost]
    words = Counter(seen.word for seen in calm)
    yield f"| starts as before | {len(calm)} | {words['found'] + words['info']} | {words['silent']} | {words['incomplete']} | |"
    yield ""
    for title, rows in (
        ("Refused by the engine, and doctor says nothing", [row for row in refused if not row[0].found]),
        ("Refused by the engine, and not whole after the repair", [row for row in refused if not row[1].repaired]),
        (
            "Lost in silence: the engine starts, and doctor says nothing",
            [row for row in lost if row[0].word == "silent"],
        ),
        ("Found, and not whole after the repair", [row for row in lost if row[0].found and not row[1].repaired]),
    ):
        yield f"### {title}: {len(rows)}"
        yield ""
        yield from _lines(rows)
        yield ""


def _lines(rows: Iterable[tuple[Seen, Judged]]) -> Iterator[str]:
    for seen, one in rows:
        place = one.place
        says = ", ".join(seen.found) or seen.word
        words = one.words or f"lost or changed: {', '.join(_short(name) for name in one.lost[:3])}"
        after = (
            f"; after the repair (exit {one.code}): {', '.join(_short(name) for name in one.left[:3])}"
            if one.left
            else ""
        )
        yield f"- {place.group} at {place.offset}, bit {place.bit}: {_plain(words)}; doctor: {says}{after}"


def _short(name: str) -> str:
    return name if len(name) < 40 else f"{name[:28]}…"


def _plain(text: str) -> str:
    return " ".join(text.split())[:160]
