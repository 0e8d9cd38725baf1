"""Finds the flipped bits that explain why a list of names is not as an engine writes it.

dockerd keeps each name twice: beneath its repository and in full ("app": {"app:1": …}). It checks neither the grammar
nor the digest when it reads the list (moby reference/store.go, reload), so a flipped bit loses a name silently.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice, pairwise

from msgspec import Struct
from msgspec.structs import replace

from doctor.facts.images.images import repository_of
from doctor.facts.images.tag_readings import AlteredTag, Reading, TagFlip
from doctor.formats.images.oci_digest import is_digest
from doctor.formats.images.repositories_json import Line, TagWord, is_reference_of, is_repository, meaning, read
from doctor.model.text import flipped_byte

TOP = "Repositories"
MAX_ITEMS = 64
_MAX_WORD = 400
_MAX_REPEATED = 8
_MAX_READINGS = 12
_ORDER_BYTES = 128 << 10

Way = tuple[str, tuple[TagFlip, ...], list[Line]]
"""A repository's correct name, the flip in the key above its names that yields it, and the names that don't match
it.
"""


class KnownNames(Struct, frozen=True, kw_only=True):
    """Other sources of names.

    Attributes:
        images: ids of images that are or were here, without "sha256:".
        sources: (reference, digest) → the source that shows it.
        kept: the list in the metadata backup, if it has the same size; else empty.
        is_unwritten: whether the file's modification time shows no write since then.
    """

    images: frozenset[str]
    sources: dict[tuple[str, str], str] = {}
    kept: bytes = b""
    is_unwritten: bool = False


def altered(data: bytes, known: KnownNames) -> tuple[AlteredTag, ...]:
    """Return the altered parts of a repositories.json that is valid JSON, at most 64."""
    # Failed attempts count too: a crafted list must not slow a scan down.
    return tuple(item for item in islice(_all(data, read(data), known), MAX_ITEMS) if item.part)


def _all(data: bytes, lines: tuple[Line, ...], known: KnownNames) -> Iterator[AlteredTag]:
    yield from _list_key(data, lines)
    lines = tuple(line for line in lines if is_top(line.top.text) or flips_to(data, line.top, TOP))
    yield from _digests(data, lines, known)
    suspects: set[int] = set()
    for group in groups(lines):
        for item in chain(_group(data, group, known), _repeated(data, group, known)):
            suspects.update(flip.position for reading in item.readings for flip in reading.flips)
            yield item
    if known.kept:
        yield from _against_kept(data, lines, known, suspects)


def is_top(key: str) -> bool:
    """Whether Go accepts a key as the list's: it ignores case."""
    return key.lower() == TOP.lower()


def groups(lines: Iterable[Line]) -> Iterator[tuple[Line, ...]]:
    """Yield the lines of each repository, in the order of the file."""
    found: dict[int, list[Line]] = {}
    for line in lines:
        found.setdefault(line.repository.start, []).append(line)
    yield from map(tuple, found.values())


def flips_to(data: bytes, word: TagWord, text: str) -> tuple[TagFlip, ...]:
    """Return the one flip that turns a word into this text, ``None`` if more are needed."""
    raw, wanted = data[word.start : word.end], text.encode("utf-8", "surrogatepass")
    place = flipped_byte(raw, wanted)
    return () if place < 0 else (TagFlip(position=word.start + place, was=raw[place], right=wanted[place]),)


def flipped(data: bytes, flips: Iterable[TagFlip]) -> bytes:
    """Return the file with the bits flipped back."""
    changed = bytearray(data)
    for flip in flips:
        changed[flip.position] = flip.right
    return bytes(changed)


def is_ordered(lines: Iterable[Line]) -> bool:
    """Whether repositories and the names in each are in the order in which Go writes a map, without duplicates."""
    above: list[str] = []
    for group in groups(lines):
        above.append(group[0].repository.text)
        names = [line.reference.text for line in group]
        if any(one >= other for one, other in pairwise(names)):
            return False
    return all(one < other for one, other in pairwise(above))


def _list_key(data: bytes, lines: tuple[Line, ...]) -> Iterator[AlteredTag]:
    """The key of the whole list: with another key the engine sees no name."""
    tops = {line.top.start: line.top for line in lines}
    if len(tops) != 1:
        return
    top = next(iter(tops.values()))
    flips = () if is_top(top.text) else flips_to(data, top, TOP)
    if flips:
        readings = (Reading(name=TOP, flips=flips),)
        yield AlteredTag(part="list", name=top.text, image="", readings=readings, proof="the engine knows no other key")


def _digests(data: bytes, lines: tuple[Line, ...], known: KnownNames) -> Iterator[AlteredTag]:
    """Names without an image: the digest is invalid, or one bit away from an image's."""
    here = {f"sha256:{identity}".encode(): "" for identity in known.images}
    by_name: dict[str, dict[bytes, str]] = {}
    for (reference, image), who in known.sources.items():
        by_name.setdefault(reference, {})[image.encode()] = who
    halves = _halves(here)
    for line in lines:
        if data[line.digest.start : line.digest.end] in here:
            continue
        own = by_name.get(line.reference.text, {})
        near = [*_near(data[line.digest.start : line.digest.end], halves), *(raw for raw in own if raw not in here)]
        found = ((flips_to(data, line.digest, raw.decode()), raw) for raw in dict.fromkeys(near))
        readings = tuple(
            Reading(name=raw.decode(), flips=flips, source=own.get(raw, ""))
            for flips, raw in sorted((one for one in found if one[0]), key=lambda one: one[0][0].position)
        )
        if readings or not is_digest(line.digest.text):
            proof = "no other image's id differs by one bit" if len(readings) == 1 else ""
            yield AlteredTag(
                part="digest", name=line.reference.text, image=line.digest.text, readings=readings, proof=proof
            )


def _halves(images: Iterable[bytes]) -> dict[bytes, list[bytes]]:
    """Return half → images that have it: a flipped bit leaves one half of a digest as it was."""
    found: dict[bytes, list[bytes]] = {}
    for raw in images:
        for half in _split(raw):
            found.setdefault(half, []).append(raw)
    return found


def _near(raw: bytes, halves: dict[bytes, list[bytes]]) -> Iterator[bytes]:
    return (one for half in _split(raw) for one in halves.get(half, ()))


def _split(raw: bytes) -> tuple[bytes, bytes]:
    middle = len(raw) // 2
    return b"<" + raw[:middle], b">" + raw[middle:]


def neighbours(data: bytes, word: TagWord) -> Iterator[tuple[TagFlip, bytes]]:
    """Yield every word that is one bit away; none for a word longer than any the engine writes."""
    raw = bytearray(data[word.start : word.end])
    if len(raw) > _MAX_WORD:
        return
    for place, byte in enumerate(bytes(raw)):
        for bit in range(8):
            raw[place] = byte ^ (1 << bit)
            yield TagFlip(position=word.start + place, was=byte, right=raw[place]), bytes(raw)
        raw[place] = byte


def _group(data: bytes, group: tuple[Line, ...], known: KnownNames) -> Iterator[AlteredTag]:
    """Names that don't match the key above them: the fewest flips that make all of them match."""
    above = group[0].repository
    ways: list[Way] = []
    if is_repository(above.text):
        ways.append((above.text, (), _unfit(group, above.text)))
    votes = Counter(repository_of(line.reference.text) for line in group)
    near = ((name, flips_to(data, above, name)) for name, _ in votes.most_common() if is_repository(name))
    ways += [(name, flips, _unfit(group, name)) for name, flips in islice((one for one in near if one[1]), 2)]
    least = min((_cost(way) for way in ways), default=0)
    best = [way for way in ways if _cost(way) == least]
    if not least:
        return
    if len(best) > 1:
        yield from _either(data, group, best, known)
        return
    name, flips, unfit = best[0]
    if flips:
        reading = Reading(name=name, flips=flips)
        proof = "the names after it show it"
        yield AlteredTag(
            part="repository", name=above.text, image=group[0].digest.text, readings=(reading,), proof=proof
        )
    for line in unfit:
        yield _reference(data, line, name, known)


def _cost(way: Way) -> int:
    return len(way[1]) + len(way[2])


def _unfit(group: tuple[Line, ...], repository: str) -> list[Line]:
    return [line for line in group if not is_reference_of(repository, line.reference.text)]


def _reference(data: bytes, line: Line, repository: str, known: KnownNames) -> AlteredTag:
    """A name that does not match its repository: all candidates one bit away that do."""
    readings = tuple(_fitting(data, line, known, lambda text: is_reference_of(repository, text)))
    part = "reference" if readings else ""
    item = AlteredTag(part=part, name=line.reference.text, image=line.digest.text, readings=readings)
    if len(readings) == 1:
        return replace(item, proof=f"no other name of {repository} differs by one bit")
    return _decided(data, item)


def _fitting(data: bytes, line: Line, known: KnownNames, fits: Callable[[str], bool]) -> Iterator[Reading]:
    """Yield the possible original names among those one bit away."""
    for flip, raw in neighbours(data, line.reference):
        text = meaning(raw)
        if text is not None and fits(text):
            yield Reading(name=text, flips=(flip,), source=known.sources.get((text, line.digest.text), ""))


def _either(data: bytes, group: tuple[Line, ...], ways: list[Way], known: KnownNames) -> Iterator[AlteredTag]:
    """Two repositories explain it with the same number of flips; they are distinguished only if each needs a single
    flip.
    """
    line = group[0]
    readings = []
    for name, flips, unfit in ways:
        if len(flips) + len(unfit) > 1:
            return
        if flips:
            source = next(
                filter(None, (known.sources.get((one.reference.text, one.digest.text), "") for one in group)), ""
            )
            readings.append(Reading(name=line.reference.text, flips=flips, source=source))
        else:
            line = unfit[0]
            readings += _fitting(data, line, known, lambda text, name=name: is_reference_of(name, text))  # type: ignore[misc]
    yield _decided(
        data, AlteredTag(part="either", name=line.reference.text, image=line.digest.text, readings=tuple(readings))
    )


def _decided(data: bytes, item: AlteredTag) -> AlteredTag:
    """Let other sources of a name decide, then the order of the file; the better match comes first."""
    named = tuple(reading for reading in item.readings if reading.source)
    first, proof = named, ""
    if len(named) == 1:
        proof = f"{named[0].source} shows it"
    elif len(data) <= _ORDER_BYTES:
        first = tuple(one for one in named or item.readings if is_ordered(read(flipped(data, one.flips))))
        if len(first) == 1:
            proof = "the engine writes names in order, and only this one fits its place"
    readings = (*first, *(reading for reading in item.readings if reading not in first))
    return replace(item, readings=readings[:_MAX_READINGS], proof=proof)


def _repeated(data: bytes, group: tuple[Line, ...], known: KnownNames) -> Iterator[AlteredTag]:
    """A duplicate name, which the engine never writes: one of the two lines is altered."""
    seen: dict[str, list[Line]] = {}
    for line in group:
        seen.setdefault(line.reference.text, []).append(line)
    for name, lines in seen.items():
        if len(lines) == 1:
            continue
        repository = group[0].repository.text
        readings = [
            reading
            for line in lines[:_MAX_REPEATED]
            for reading in _fitting(data, line, known, lambda text: is_reference_of(repository, text))  # noqa: B023 - used at once
            if reading.source and reading.name not in seen
        ]
        # The last one counts, so the first one's name is lost.
        yield _decided(
            data, AlteredTag(part="reference", name=name, image=lines[0].digest.text, readings=tuple(readings))
        )


def _against_kept(data: bytes, lines: tuple[Line, ...], known: KnownNames, suspects: set[int]) -> Iterator[AlteredTag]:
    """Valid names that are one bit away from those in the same place of the backup."""
    was = {line.reference.start: line for line in read(known.kept)}
    for line in lines:
        old = was.get(line.reference.start)
        if old is None or old.digest.text != line.digest.text or old.repository.text != line.repository.text:
            continue
        flips = flips_to(data, line.reference, old.reference.text)
        if not flips or flips[0].position in suspects:
            continue
        proof = _no_deed(data, line, flips[0], known)
        if not proof and chr(flips[0].was).isdigit() and chr(flips[0].right).isdigit():
            # The next version number of the same content, as people count.
            continue
        yield AlteredTag(
            part="reference",
            name=line.reference.text,
            image=line.digest.text,
            readings=(Reading(name=old.reference.text, flips=flips, source="the backup"),),
            proof=proof,
            is_doubt=not proof,
        )


def _no_deed(data: bytes, line: Line, flip: TagFlip, known: KnownNames) -> str:
    """Return the proof that nobody chose the name in the file, "" if somebody may have."""
    if "@" in line.reference.text:
        return "the backup has it, and no two digests are one bit apart"
    if known.is_unwritten:
        return "the backup has it, and the file has not been written since"
    if len(data) <= _ORDER_BYTES and not is_ordered(read(data)) and is_ordered(read(flipped(data, (flip,)))):
        return "the backup has it, and the name is not where the engine writes it"
    return ""
