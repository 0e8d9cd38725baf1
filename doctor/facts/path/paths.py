"""How far packets of containers come: the hops at which they end, and the ways that end there."""

from collections import Counter
from collections.abc import Iterable

from msgspec import Struct

from doctor.facts.path.world import DROPPED, HOST, OUTSIDE, REJECTED, UNKNOWN, Hop, Walk, Way
from doctor.model.missing import Missing

NEW = "a new container"
"""Start of the name of a place that does not exist yet: "a new container on docker0"."""

_ONE_HOP = frozenset({"no-route", "no-default-route", "rule-of-routing"})
"""Causes whose reason names the packet's target, which differs from way to way at one and the same hop."""
_SETTING = "forwarding-off"


class PathCut(Struct, frozen=True, kw_only=True):
    """One hop at which packets end.

    Attributes:
        cause: a word for the reason, see ``Walk``; ``end`` is ``dropped`` or ``rejected``.
        place: ``host`` or a container's name; ``device`` the interface there.
        table: of the deciding rule, with its family ("ip filter"); ``chain``, ``handle`` (0 if unknown) and ``rule`` its place and text.
        is_answer: whether answers end there, and the first packets do not.
        says: the whole in a sentence: "packets from web to outside end at ip rule 100: table 99 has no route to 192.0.2.80".
        reason: the part of it after "end at".
        ways: all ways that end there.
        hops: of the first of them.
    """

    cause: str
    end: str
    place: str
    device: str = ""
    table: str = ""
    chain: str = ""
    handle: int = 0
    rule: str = ""
    is_answer: bool = False
    says: str = ""
    reason: str = ""
    ways: tuple[Way, ...] = ()
    hops: tuple[Hop, ...] = ()

    @property
    def containers(self) -> tuple[str, ...]:
        """The names of the containers concerned, of existing ones, in the order of the ways."""
        names = dict.fromkeys(name for way in self.ways for name in (way.start, way.end))
        return tuple(name for name in names if name not in {HOST, OUTSIDE} and not name.startswith(NEW))

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of its ways, such as ``egress``."""
        return frozenset(way.kind for way in self.ways)


class Paths(Struct, frozen=True, kw_only=True):
    """The result of walking all ways of a host's containers.

    Attributes:
        cuts: one for each hop at which packets end.
        unknown: reasons for which it is not known how far packets come, with the number of ways.
        walked: number of ways; ``delivered`` of those whose packets and answers arrive.
        gaps: what could not be read.
    """

    cuts: tuple[PathCut, ...] = ()
    unknown: tuple[tuple[str, int], ...] = ()
    walked: int = 0
    delivered: int = 0
    gaps: tuple[Missing, ...] = ()

    def of(self, *causes: str) -> tuple[PathCut, ...]:
        """Return the cuts with one of these causes."""
        return tuple(cut for cut in self.cuts if cut.cause in causes)


def merged(walks: Iterable[tuple[Walk, tuple[Way, ...]]], gaps: tuple[Missing, ...] = ()) -> Paths:
    """Return walks, each with the ways that it stands for, by the hops at which they end."""
    cuts: dict[tuple[object, ...], list[tuple[Walk, tuple[Way, ...]]]] = {}
    unknown: Counter[str] = Counter()
    walked = delivered = 0
    for walk, ways in walks:
        walked += len(ways)
        if walk.end in {DROPPED, REJECTED}:
            cuts.setdefault(_hop_of(walk), []).append((walk, ways))
        elif walk.end == UNKNOWN:
            unknown[walk.doubts[0] if walk.doubts else walk.reason or walk.says] += len(ways)
        else:
            delivered += len(ways)
    return Paths(
        cuts=tuple(_cut(same) for same in cuts.values()),
        unknown=tuple(unknown.most_common()),
        walked=walked,
        delivered=delivered,
        gaps=gaps,
    )


def _hop_of(walk: Walk) -> tuple[object, ...]:
    """Return what two walks have in common that end at one hop."""
    if walk.chain:
        return walk.cause, walk.place, walk.table, walk.chain, walk.handle, walk.rule, _backend(walk)
    if walk.cause in _ONE_HOP:
        return walk.cause, walk.place, walk.reason.partition(" to ")[0]
    if walk.cause == _SETTING:
        return walk.cause, walk.place, walk.reason.rpartition(": ")[2]
    return walk.cause, walk.place, walk.device, walk.reason


def _backend(walk: Walk) -> str:
    """Return the words for chain and table in a walk's reason, which name the backend of iptables."""
    return walk.reason.rpartition(" in chain ")[2]


def _cut(same: list[tuple[Walk, tuple[Way, ...]]]) -> PathCut:
    walks = [walk for walk, _ in same]
    # First packets show a hop better than answers do.
    walk = next((one for one in walks if not one.is_answer), walks[0])
    return PathCut(
        cause=walk.cause,
        end=walk.end,
        place=walk.place,
        device=walk.device,
        table=walk.table,
        chain=walk.chain,
        handle=walk.handle,
        rule=walk.rule,
        is_answer=walk.is_answer,
        says=walk.says,
        reason=walk.reason,
        ways=tuple(way for _, ways in same for way in ways),
        hops=walk.hops,
    )
