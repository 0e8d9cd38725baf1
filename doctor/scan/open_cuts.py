"""Which hops at which packets end are named by findings: a check of paths judges the others, so that nothing is reported twice."""

import re
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, get_args

from msgspec.structs import asdict, replace

from doctor.model.declare import CheckDeclaration
from doctor.model.finding import Finding
from doctor.model.missing import Missing
from doctor.scan.resolve import Facts

if TYPE_CHECKING:
    from doctor.facts.path.paths import PathCut
    from doctor.facts.path.way import Way

OPEN, LEFT = "OpenCuts", "LeftCuts"
"""Names of the facts that the scan gives: after the ordinary checks, and after those that judge the first."""
GIVEN = frozenset({OPEN, LEFT})
_PLACES = frozenset({"host", "outside"})
_WORD = "[A-Za-z0-9_.:/-]"
_ASKED = re.compile(
    r'the question for the address \S+ is dropped by (?:"(?P<rule>.*)" in|the policy of) (?P<where>chain .+)'
)
_OF_SIX = " (IPv6)"
"""The end of the name of a subject of which only IPv6 is concerned."""


def stage_of(function: object) -> int:
    """Return when a check runs: 0 with the others, 1 with the cuts that those leave open, 2 with the rest."""
    annotations = getattr(function, "__annotations__", {}).values()
    kinds = (one for kind in annotations for one in (get_args(kind) or (kind,)))
    return stage_by({getattr(kind, "__name__", "") for kind in kinds})


def stage_by(names: Container[str]) -> int:
    """Return when a check runs that asks for facts with these names."""
    return 2 if LEFT in names else 1 if OPEN in names else 0


def give(
    facts: Facts,
    stage: int,
    findings: Iterable[Finding],
    declared: Mapping[str, CheckDeclaration | None],
    earlier: Facts | None = None,
) -> None:
    """Give ``facts`` the cuts that no finding names; if ``earlier`` facts are given, only those that were in them too."""
    from doctor.facts.path.paths import LeftCuts, OpenCuts, Paths  # noqa: PLC0415 - only if a check asks for them

    kind = OpenCuts if stage == 1 else LeftCuts
    paths: Paths | Missing = facts.get(Paths)
    if isinstance(paths, Missing):
        facts.give(paths, kind)
        return
    known = paths.cuts if earlier is None else tuple(_seen_twice(paths.cuts, facts, earlier))
    found = list(findings) if known else []
    members = _members(facts) if found else {}
    cuts = tuple(cut for cut in known if not any(_names(one, cut, declared.get(one.id), members) for one in found))
    facts.give(kind(**{**asdict(paths), "cuts": cuts}))


def _seen_twice(cuts: Iterable["PathCut"], facts: Facts, earlier: Facts) -> "Iterator[PathCut]":
    """Yield the cuts of ways that ended for the same cause before, while the same runs of their containers lasted.

    Of a container that starts or ends while the facts are read, some facts are missing: its ways end at a different place each time.
    """
    from doctor.facts.path.paths import Paths  # noqa: PLC0415 - only if something is looked at twice

    before: Paths | Missing = earlier.get(Paths)
    if isinstance(before, Missing):
        return
    ended = {(cut.cause, way) for cut in before.cuts for way in cut.ways}
    now, then = _runs(facts), _runs(earlier)
    for cut in cuts:
        ways = tuple(
            way
            for way in cut.ways
            if (cut.cause, way) in ended and all(now.get(name) == then.get(name) for name in (way.start, way.end))
        )
        if ways:
            yield replace(cut, ways=ways)


def _runs(facts: Facts) -> dict[str, str]:
    """Return the start time of each running container, by its name."""
    from doctor.facts.network.networks import Networks  # noqa: PLC0415 - only if something is looked at twice

    networks: Networks | Missing = facts.get(Networks)
    if isinstance(networks, Missing):
        return {}
    return {one.container: one.started for one in networks.running}


def ended_ways(facts: Facts) -> tuple[str, ...]:
    """Return the ways on which packets end, as texts that are the same in another scan of the host."""
    from doctor.facts.path.paths import Paths  # noqa: PLC0415 - only for a repair

    paths: Paths | Missing = facts.get(Paths)
    if isinstance(paths, Missing):
        return ()
    return tuple(sorted({_text(way) for cut in paths.cuts for way in cut.ways}))


def was_behind(finding: Finding, facts: Facts, ended: Iterable[str]) -> bool:
    """Whether a finding names only hops that packets did not reach before, since all their ways ended earlier."""
    from doctor.facts.path.paths import Paths  # noqa: PLC0415 - only for a repair

    paths: Paths | Missing = facts.get(Paths)
    if isinstance(paths, Missing):
        return False
    ways = {_text(way) for cut in paths.cuts if _says(finding, cut) for way in cut.ways}
    return bool(ways) and ways.issubset(ended)


def is_undecided(finding: Finding, before: Facts, after: Facts) -> bool:
    """Whether a finding names hops, and a prediction can't judge if packets still end there: that does not prove that they don't.

    Ways that arrive then, or end, are judged; another one that is unknown is not about this finding.
    """
    from doctor.facts.path.paths import Paths  # noqa: PLC0415 - only for a repair

    known: Paths | Missing = before.get(Paths)
    ways = (
        set() if isinstance(known, Missing) else {way for cut in known.cuts if _says(finding, cut) for way in cut.ways}
    )
    if not ways:
        return False
    then: Paths | Missing = after.get(Paths)
    if isinstance(then, Missing) or not then.unknown:
        return isinstance(then, Missing)
    return not ways.issubset((*then.arriving, *(way for cut in then.cuts for way in cut.ways)))


def _text(way: "Way") -> str:
    return f"{way.kind} {way.start} {way.target} {way.port} {way.protocol}"


def _says(finding: Finding, cut: "PathCut") -> bool:
    """Whether a cut's sentence is in a finding, or its detail has the cut."""
    own = getattr(getattr(finding.detail, "cut", None), "says", "")
    return cut.says in {own, *(one.value for one in finding.evidence)} or cut.says in finding.message


def _members(facts: Facts) -> dict[str, frozenset[str]]:
    """Return the names of the running containers by the network's name."""
    from doctor.facts.network.networks import Networks  # noqa: PLC0415 - only if packets end anywhere

    networks: Networks | Missing = facts.get(Networks)
    if isinstance(networks, Missing):
        return {}
    return {
        network.name: frozenset(one.container for one in networks.running if one.network_id == network.id)
        for network in networks.items
    }


def _names(
    finding: Finding,
    cut: "PathCut",
    declaration: CheckDeclaration | None,
    members: Mapping[str, frozenset[str]],
) -> bool:
    """Whether a finding explains a cut."""
    if _says(finding, cut) or _drops_question(finding, cut):
        return True
    if declaration is None:
        return False
    if cut.cause in declaration.ends_anywhere:
        return True
    return cut.cause in declaration.ends and _is_there(finding, cut, members)


def _drops_question(finding: Finding, cut: "PathCut") -> bool:
    """Whether a finding is about the rule or policy that drops the question for an address, for which packets wait."""
    asked = _ASKED.search(cut.reason) if cut.cause == "neighbour" else None
    if asked is None:
        return False
    said = "\n".join((finding.message, *(evidence.value for evidence in finding.evidence)))
    if asked["rule"] is None:
        # An engine's flushed chain is named by its policy alone.
        chain = asked["where"].split()[1]
        return f"the policy of {asked['where']}" in said or f":{chain} DROP" in said
    handle = re.search(r"handle \d+", asked["rule"])
    return asked["where"] in said and (handle[0] if handle else asked["rule"]) in said


def _is_there(finding: Finding, cut: "PathCut", members: Mapping[str, frozenset[str]]) -> bool:
    """Whether a finding is about the place of a cut: its rule, or its setting, interface, network, or a container of all its ways."""
    said = "\n".join((finding.subject.name, finding.message, *(evidence.value for evidence in finding.evidence)))
    if cut.chain and cut.place != "host" and not _has(said, cut.place):
        return False
    if cut.rule:
        return cut.rule in said
    if cut.chain:
        return f"{cut.table} {cut.chain}" in said or bool(_has(said, cut.chain))
    names = [name for name in (cut.device, cut.place if cut.place != "host" else "") if name]
    subject = finding.subject.name.removesuffix(_OF_SIX)
    if finding.subject.kind == "container" and all(subject in {way.start, way.end} for way in cut.ways):
        return True
    is_network = finding.subject.kind == "network" and cut.containers
    if is_network and members.get(subject, frozenset()).issuperset(cut.containers):
        return True
    # All ways of one container may end at a place that is not its own, such as its bridge.
    names += (
        frozenset.intersection(*(frozenset((way.start, way.end)) for way in cut.ways)) - _PLACES if cut.ways else ()
    )
    return finding.subject.name in cut.reason or any(_has(said, name) for name in names)


def _has(text: str, word: str) -> bool:
    """Whether a text has a name as a whole word."""
    return re.search(f"(?<!{_WORD}){re.escape(word)}(?!{_WORD})", text) is not None
