"""Which hops at which packets end are named by findings: a check of paths judges the others, so that nothing is reported twice."""

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, get_args

from msgspec.structs import asdict

from doctor.model.declare import CheckDeclaration
from doctor.model.finding import Finding
from doctor.model.missing import Missing
from doctor.scan.resolve import Facts

if TYPE_CHECKING:
    from doctor.facts.path.paths import PathCut
    from doctor.facts.path.way import Way

OPEN, LEFT = "OpenCuts", "LeftCuts"
"""Names of the facts that the scan gives: after the ordinary checks, and after those that judge the first."""
_PLACES = frozenset({"host", "outside"})
_WORD = "[A-Za-z0-9_.:/-]"


def stage_of(function: object) -> int:
    """Return when a check runs: 0 with the others, 1 with the cuts that those leave open, 2 with the rest."""
    annotations = getattr(function, "__annotations__", {}).values()
    kinds = (one for kind in annotations for one in (get_args(kind) or (kind,)))
    names = {getattr(kind, "__name__", "") for kind in kinds}
    return 2 if LEFT in names else 1 if OPEN in names else 0


def give(
    facts: Facts, stage: int, findings: Iterable[Finding], declared: Mapping[str, CheckDeclaration | None]
) -> None:
    """Give ``facts`` the cuts that no finding names."""
    from doctor.facts.path.paths import LeftCuts, OpenCuts, Paths  # noqa: PLC0415 - only if a check asks for them

    kind = OpenCuts if stage == 1 else LeftCuts
    paths: Paths | Missing = facts.get(Paths)
    if isinstance(paths, Missing):
        facts.give(paths, kind)
        return
    found = list(findings) if paths.cuts else []
    members = _members(facts) if found else {}
    cuts = tuple(cut for cut in paths.cuts if not any(_names(one, cut, declared.get(one.id), members) for one in found))
    facts.give(kind(**{**asdict(paths), "cuts": cuts}))


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


def _text(way: "Way") -> str:
    return f"{way.kind} {way.start} {way.target} {way.port} {way.protocol}"


def _says(finding: Finding, cut: "PathCut") -> bool:
    """Whether a cut's sentence is in a finding."""
    return cut.says in finding.message or any(evidence.value == cut.says for evidence in finding.evidence)


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
    if _says(finding, cut):
        return True
    if declaration is None:
        return False
    if cut.cause in declaration.ends_anywhere:
        return True
    return cut.cause in declaration.ends and _is_there(finding, cut, members)


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
    if finding.subject.kind == "container" and all(finding.subject.name in {way.start, way.end} for way in cut.ways):
        return True
    is_network = finding.subject.kind == "network" and cut.containers
    if is_network and members.get(finding.subject.name, frozenset()).issuperset(cut.containers):
        return True
    # All ways of one container may end at a place that is not its own, such as its bridge.
    names += (
        frozenset.intersection(*(frozenset((way.start, way.end)) for way in cut.ways)) - _PLACES if cut.ways else ()
    )
    return finding.subject.name in cut.reason or any(_has(said, name) for name in names)


def _has(text: str, word: str) -> bool:
    """Whether a text has a name as a whole word."""
    return re.search(f"(?<!{_WORD}){re.escape(word)}(?!{_WORD})", text) is not None
