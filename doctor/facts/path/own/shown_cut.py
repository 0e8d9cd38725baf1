"""The evidence of cuts: how packets come to the hop at which they end, and whose they are."""

from collections.abc import Iterable, Iterator

from doctor.facts.path.paths import PathCut
from doctor.model.finding import Evidence


def set_by(place: str) -> Iterator[Evidence]:
    """Yield the file that sets a thing again."""
    if place:
        yield Evidence(place, "sets it again at boot")


def evidence_of(cuts: Iterable[PathCut]) -> Iterator[Evidence]:
    """Yield the hops of the first cut, and the sentence of each: a cut that is not named counts as one that nobody judged."""
    some = tuple(dict.fromkeys(cuts))
    yield from some[0].evidence[1:]
    yield from (Evidence("path", cut.says) for cut in some)
