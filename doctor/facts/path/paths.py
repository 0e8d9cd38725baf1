"""How far packets of containers come: the hops at which they end, and the ways that end there."""

from collections import Counter
from collections.abc import Iterable

from msgspec import Struct

from doctor.facts.path.way import DROPPED, HOST, OUTSIDE, REJECTED, UNKNOWN, Hop, Walk, Way
from doctor.model.finding import Evidence, Subject
from doctor.model.missing import Missing
from doctor.model.probe_result import HOPS

NEW = "a new container"
"""Start of the name of a place that does not exist yet: "a new container on docker0"."""

_ONE_HOP = frozenset({"no-route", "no-default-route", "rule-of-routing"})
"""Causes whose reason names the packet's target, which differs from way to way at one and the same hop."""
_BY_DEVICE = frozenset({"vlan", "port-isolated"})
"""Causes that concern an interface, whichever other one the packets go to."""
_BY_PORT = frozenset({"proxy-missing", "taken"})
"""Causes that concern a port, whichever interface the packets come by."""
_SETTING = "forwarding-off"
_BY_SIZE = "mtu"
"""Packets end at an interface for their size; a rule may be why their sender does not learn it."""
_POLICY = "xfrm"
_MOST_NAMES = 5
_KINDS = {
    "egress": "to the network outside",
    "egress-new": "to the network outside from a new container",
    "http": "to web servers outside (port 80)",
    "near": "to the host's router",
    "dns": "to a name server",
    "gateway": "to the gateway",
    "peer": "to a container of the same network",
    "published": "from outside to a published port",
    "host-published": "from the host to a published port",
    "loopback": "from 127.0.0.1 to a published port",
    "hairpin": "to the container's own published port",
    "host-to-container": "from the host",
}
"""Kinds of ways, as evidence shows them."""


class PathCut(Struct, frozen=True, kw_only=True):
    """One hop at which packets end.

    Attributes:
        cause: a word for the reason, see ``Walk``; ``end`` is ``dropped`` or ``rejected``.
        place: ``host`` or a container's name; ``device`` the interface there.
        table: of the deciding rule, with its family ("ip filter"); ``chain``, ``handle`` (0 if unknown) and ``rule`` its place and text.
        rule_place: where the rule is, if that is another place: it ends ICMP messages about the packets.
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
    rule_place: str = ""
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
    def rule_home(self) -> str:
        """The place of the deciding rule."""
        return self.rule_place or self.place

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of its ways, such as ``egress``."""
        return frozenset(way.kind for way in self.ways)

    @property
    def subject(self) -> Subject:
        """The thing at which packets end: a rule, a published port, an interface of the host, or a container."""
        if self.chain and self.cause == "rule":
            return Subject("rule", f"{self.table} {self.chain} {self.rule or 'policy'}{self._within}")
        if self.cause in _BY_PORT:
            return Subject("port", f"{self.ways[0].port}/{self.ways[0].protocol}")
        if self.place == HOST:
            return Subject("interface", self.device) if self.device else Subject("host", "routing")
        return Subject("container", self.place)

    @property
    def _within(self) -> str:
        return "" if self.place == HOST else f" in {self.place}"

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """The hops of the first way, and how many ways of which containers end there."""
        names = self.containers
        shown = ", ".join(names[:_MOST_NAMES]) + (
            f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
        )
        count = len(self.ways)
        ways = (
            f"{count} {'way ends' if count == 1 else 'ways end'} there: {', '.join(sorted(map(_spelled, self.kinds)))}"
        )
        return (
            Evidence("path", self.says),
            Evidence(HOPS, " → ".join(_stations(self.hops))),
            Evidence("ways", ways + (f"; of {shown}" if shown else "")),
        )


_RECEIVING = ("ip prerouting", "ip6 prerouting", "ip input", "ip6 input", "ip forward", "ip6 forward")
"""Hooks that packets meet at the interface by which they arrived."""


def _spelled(kind: str) -> str:
    return _KINDS.get(kind, kind)


def _stations(hops: tuple[Hop, ...]) -> list[str]:
    """Return the interfaces that a packet passed, and the hook that ended it: without those of questions for neighbours."""
    found: list[str] = []
    for hop in hops:
        if hop.device and (hop.step in {"link", "end", *_RECEIVING}):
            name = f"{hop.place} {hop.device}"
            if not found or found[-1] != name:
                found.append(name)
    return found + [f"{one.step}: {one.outcome}" for one in hops[-2:-1] if one.outcome in {"drop", "reject"}]


class Undecided(Struct, frozen=True, kw_only=True):
    """A rule, a queue or filters of tc that may end packets: a rate, a payload or a program decides, which can't be judged.

    Attributes:
        text: the thing in words; ``ways`` those that meet it and certainly end nowhere else.
    """

    text: str
    ways: tuple[Way, ...]


class Paths(Struct, frozen=True, kw_only=True):
    """The result of walking all ways of a host's containers.

    Attributes:
        cuts: one for each hop at which packets end.
        unknown: reasons for which it is not known how far packets come, with the number of ways.
        undecided: rules, filters and queues that may be the end of unknown ways.
        walked: number of ways; ``arriving`` those whose packets and answers arrive.
        gaps: what could not be read.
    """

    cuts: tuple[PathCut, ...] = ()
    unknown: tuple[tuple[str, int], ...] = ()
    undecided: tuple[Undecided, ...] = ()
    walked: int = 0
    arriving: tuple[Way, ...] = ()
    gaps: tuple[Missing, ...] = ()

    @property
    def delivered(self) -> int:
        """The number of ways whose packets and answers arrive."""
        return len(self.arriving)

    def of(self, *causes: str) -> tuple[PathCut, ...]:
        """Return the cuts with one of these causes."""
        return tuple(cut for cut in self.cuts if cut.cause in causes)


class OpenCuts(Paths, frozen=True, kw_only=True):
    """The cuts that no ordinary check names: what the checks of paths judge. The scan gives it, after the ordinary checks.

    A finding names a cut if its check declares the cut's cause (``ends``) and the finding has the place; or if the cut's sentence
    is in its message or evidence.
    """


class LeftCuts(Paths, frozen=True, kw_only=True):
    """The cuts that no other check names at all. The scan gives it, after the checks of ``OpenCuts``."""


def merged(walks: Iterable[tuple[Walk, tuple[Way, ...]]], gaps: tuple[Missing, ...] = ()) -> Paths:
    """Return walks, each with the ways that it stands for, by the hops at which they end."""
    cuts: dict[tuple[object, ...], list[tuple[Walk, tuple[Way, ...]]]] = {}
    unknown: Counter[str] = Counter()
    undecided: dict[str, list[Way]] = {}
    arriving: list[Way] = []
    walked = 0
    for walk, ways in walks:
        walked += len(ways)
        if walk.end in {DROPPED, REJECTED}:
            cuts.setdefault(_hop_of(walk), []).append((walk, ways))
        elif walk.end == UNKNOWN:
            unknown[walk.doubts[0] if walk.doubts else walk.reason or walk.says] += len(ways)
            for text in walk.undecided:
                undecided.setdefault(text, []).extend(ways)
        else:
            arriving += ways
    return Paths(
        cuts=tuple(_cut(same) for same in cuts.values()),
        unknown=tuple(unknown.most_common()),
        undecided=tuple(Undecided(text=text, ways=tuple(ways)) for text, ways in undecided.items()),
        walked=walked,
        arriving=tuple(arriving),
        gaps=gaps,
    )


def _hop_of(walk: Walk) -> tuple[object, ...]:
    """Return what two walks have in common that end at one hop."""
    if walk.cause == _BY_SIZE:
        return walk.cause, walk.place, walk.device, walk.reason
    if walk.chain:
        return walk.cause, walk.place, walk.table, walk.chain, walk.handle, walk.rule, _backend(walk)
    if walk.cause in _ONE_HOP:
        return walk.cause, walk.place, walk.reason.partition(" to ")[0]
    if walk.cause == _POLICY:
        return walk.cause, walk.place, walk.reason
    if walk.cause == _SETTING:
        return walk.cause, walk.place, walk.reason.rpartition(": ")[2]
    if walk.cause in _BY_DEVICE:
        return walk.cause, walk.place, walk.device
    return walk.cause, walk.place, "" if walk.cause in _BY_PORT else walk.device, walk.reason


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
        rule_place=walk.rule_place,
        is_answer=walk.is_answer,
        says=walk.says,
        reason=walk.reason,
        ways=tuple(way for _, ways in same for way in ways),
        hops=walk.hops,
    )
