"""Packets from outside that a change of rules lets through: a rule of others dropped them before.

A path through a base chain is new if its packets met more drops before. It is judged per base chain, and counts only
if all other base chains on the way can be passed.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from doctor.facts.firewall.generations import ENGINE_CHAINS
from doctor.facts.firewall.guard import POLICY, Guard
from doctor.facts.firewall.packet_filter import Firewall
from doctor.facts.firewall.ways import AcceptWay, Passage, Surface


class Opening(Struct, frozen=True, kw_only=True):
    """Packets that could not pass and now can.

    Attributes:
        flow: the packets, in words ("packets from eth0 to network app").
        by: the rule that accepts them, "policy" for a chain's policy; ``chain`` its chain.
        past: the guards that they now bypass.
    """

    flow: str
    by: str
    past: tuple[Guard, ...]


def newly_reachable(before: Surface, after: Surface) -> tuple[Opening, ...]:
    """Return what is open after and was not before, one opening per accepting rule and flow."""
    shut = {flow for (flow, _), passage in after.items() if all(way.is_exit for way in passage.ways)}
    found: dict[tuple[str, str], Opening] = {}
    for key, passage in after.items():
        flow = key[0]
        if flow in shut:
            continue
        old = before.get(key)
        for way, past in () if old is None else _new_ways(old, passage):
            found.setdefault((flow.name, way.by[-1]), Opening(flow=flow.name, by=way.by[-1], past=past))
    return tuple(found.values())


def _new_ways(before: Passage, after: Passage) -> Iterator[tuple[AcceptWay, tuple[Guard, ...]]]:
    """Yield the paths that some packets could not take before, with the guards that they met then."""
    place = {guard: number for number, guard in enumerate(after.guards)}
    # The position in the new order after which each prefix of the old guards is passed; a removed guard has none.
    highest: list[int] = [-1]
    for guard in before.guards:
        highest.append(max(highest[-1], place.get(guard, len(place))))
    by_rule: dict[tuple[str, ...], int] = {}
    for way in before.ways:
        by_rule[way.by] = min(way.passed, by_rule.get(way.by, way.passed))
    sure = next((way.passed for way in before.ways if way.is_sure), None)
    for way in after.ways:
        known = [passed for passed in (by_rule.get(way.by), sure) if passed is not None]
        if any(highest[passed] < way.passed for passed in known):
            continue
        reached = min(known, default=len(before.guards))
        still = set(after.guards[: way.passed])
        yield way, tuple(guard for guard in before.guards[:reached] if guard not in still)


def unexcused(
    openings: Sequence[Opening], firewall: Firewall, after: Surface, own: frozenset[str]
) -> tuple[Opening, ...]:
    """Return the openings that can't be excused: others than the engine's own rules bypassing rules that are not others'.

    ``own`` are the engine's rules in their actual spelling; ``firewall`` is that before the change. A rule below the engine's
    rules of its chain never saw what these accept. An accept of others opens nothing if another chain that the same
    packets pass lets through only what the engine's rules accept.
    """
    bounded = {
        flow.name
        for (flow, _), passage in after.items()
        if all(way.is_exit or _is_engines(way.by[-1], own) for way in passage.ways)
    }
    left = []
    for opening in openings:
        past = tuple(guard for guard in opening.past if not _is_excused(guard, firewall, own))
        if past or not (_is_engines(opening.by, own) or opening.flow in bounded):
            left.append(replace(opening, past=past or opening.past))
    return tuple(left)


def _is_engines(text: str, own: frozenset[str]) -> bool:
    words = text.split(" ", 2)
    return text in own or (len(words) > 1 and words[0] == "-A" and words[1] in ENGINE_CHAINS - {"DOCKER-USER"})


def _is_excused(guard: Guard, firewall: Firewall, own: frozenset[str]) -> bool:
    if guard.chain == "FORWARD" and guard.text == POLICY and guard.table == "filter":
        return True
    if _is_engines(guard.text, own):
        return True
    for saved in (firewall.v4, firewall.v6):
        rules = () if saved is None else saved.rules(guard.table, guard.chain)
        texts = [rule.text for rule in rules]
        if guard.text in texts:
            above = texts[: texts.index(guard.text)]
            below = texts[texts.index(guard.text) :]
            return any(_accepts(text, own) for text in above) and not any(_accepts(text, own) for text in below)
    return False


def _accepts(text: str, own: frozenset[str]) -> bool:
    """Whether a rule of the engine may let something in: it is not a jump to a chain that only drops."""
    target = text.rpartition(" -j ")[2]
    if target == "DOCKER-USER" or target.startswith("DOCKER-ISOLATION"):
        return False
    return text in own or target in ENGINE_CHAINS
