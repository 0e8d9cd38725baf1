"""The verdict of all base chains of a hook on a packet, in the order of their priorities."""

from msgspec import Struct
from msgspec.structs import replace

from doctor.facts.path.rules.evaluate import ChainVerdict, End, Evaluation
from doctor.facts.path.rules.form import ACCEPT, DROP, DROPS, QUEUE, REJECT, STOLEN, PathChain, RuleVerdict
from doctor.facts.path.rules.packet import NOTHING_KNOWN, Packet, Surroundings, joined
from doctor.facts.path.rules.ruleset import BaseChain, PathRules

UNKNOWN = "unknown"
_CONNTRACK = -200
"""Priority of connection tracking: chains before it see no connection."""
_TRACKED_FAMILIES = frozenset({"ip", "ip6"})
_FRAMED_FAMILIES = frozenset({"bridge", "netdev"})
_ERRORS = frozenset({"icmp", "ipv6-icmp"})
_NAT_PLACE = {"prerouting": -100, "output": -100, "input": 100, "postrouting": 100}
"""Priorities of address translation."""


class HookVerdict(Struct, frozen=True, kw_only=True):
    """The verdict of a hook on a packet.

    Attributes:
        kind: ``accept``, ``drop``, ``reject``, ``stolen`` (it continues on another path), or ``unknown``.
        packet: as it leaves the hook, if it does.
        by: the chain that decided, ``None`` if all accept; the first doubtful one if the verdict is unknown.
        end: the verdict in that chain.
        doubts: rules that can't be judged and may end the packet, with their chains.
        translated: the chain and the rule that certainly gave the packet another address, ``None`` for none.
    """

    kind: str
    packet: Packet
    by: PathChain | None = None
    end: End | None = None
    doubts: tuple[tuple[PathChain, str], ...] = ()
    translated: tuple[PathChain, End] | None = None

    @property
    def text(self) -> str:
        """The rule or policy that decided, in words."""
        if self.kind == UNKNOWN:
            return "; ".join(f'"{text}" in {chain.text}' for chain, text in self.doubts[:2])
        if self.by is None or self.end is None:
            return ""
        rule = self.end.rule
        if rule is None:
            return f"the policy of {self.by.text}"
        return f'"{rule.text}" in {replace(self.by, name=rule.origin.chain).text}'


class _Tally:
    """The packet after the chains so far, and the verdicts that were possible."""

    def __init__(self, packet: Packet) -> None:
        self.packet = packet
        self.doubts: list[tuple[PathChain, str]] = []
        self.kinds: set[str] = set()
        self.translated: tuple[PathChain, End] | None = None

    def take(self, chain: PathChain, verdict: ChainVerdict) -> HookVerdict | None:
        """Return the verdict of the hook if no packet passes this chain."""
        passing = [end for end in verdict.ends if end.kind == ACCEPT]
        ending = {end.kind for end in verdict.ends if end.kind != ACCEPT}
        if not passing:
            kinds = self.kinds | ending
            kind = verdict.main.kind if kinds <= DROPS else next(iter(kinds)) if len(kinds) == 1 else UNKNOWN
            if kind not in {DROP, REJECT, STOLEN}:
                kind = UNKNOWN
            return self._final(kind, chain, verdict)
        if ending:
            self.kinds |= ending
            self.doubts += _doubts(chain, verdict)
        packet = passing[0].packet
        for end in passing[1:]:
            packet = joined(packet, end.packet)
        if packet.state is None and self.packet.state is not None:
            # Whether its connection is tracked decides about each translation.
            self.kinds.add(UNKNOWN)
            self.doubts += _doubts(chain, verdict)
        self.packet = packet
        return None

    def _final(self, kind: str, chain: PathChain, verdict: ChainVerdict) -> HookVerdict:
        doubts = (*self.doubts, *_doubts(chain, verdict)) if kind == UNKNOWN else tuple(self.doubts)
        return HookVerdict(kind=kind, packet=self.packet, by=chain, end=verdict.main, doubts=doubts)


def _doubts(chain: PathChain, verdict: ChainVerdict) -> list[tuple[PathChain, str]]:
    texts = [rule.text for rule in verdict.doubts] or [end.rule.text for end in verdict.ends if end.rule is not None]
    return [(chain, text) for text in texts]


def evaluate(
    rules: PathRules,
    family: str,
    hook: str,
    packet: Packet,
    scope: Surroundings = NOTHING_KNOWN,
    *,
    device: str = "",
) -> HookVerdict:
    """Return the verdict of a hook.

    ``family`` is that of the packet: ``ip``, ``ip6``, ``arp``, ``bridge`` or ``netdev`` (with the ``device``). Rules of nat are
    evaluated only for the first packet of a connection; later ones are translated as the first was.
    """
    tally = _Tally(packet)
    bases = rules.at(family, hook, device)
    is_nat_done = family not in _TRACKED_FAMILIES or hook not in _NAT_PLACE
    changed: set[tuple[tuple[int, int], str]] = set()
    for base in bases:
        if not is_nat_done and base.order >= (_NAT_PLACE[hook], -(1 << 31)):
            is_nat_done = True
            ended = _translate([one for one in bases if one.kind == "nat"], tally, hook, scope)
            if ended is not None:
                return ended
        chain = None if base.kind == "nat" else base.chain
        if chain is not None:
            before = tally.packet
            ended = tally.take(chain, _handed_over(_seen(base, chain, tally, family, scope), rules.queues))
            if ended is not None:
                return ended
            if tally.packet is not before:
                tally.packet = _ordered(base.order, before, tally.packet, changed)
    if not is_nat_done:
        ended = _translate([], tally, hook, scope)
    kind = UNKNOWN if tally.kinds or rules.gaps else ACCEPT
    return HookVerdict(kind=kind, packet=tally.packet, doubts=tuple(tally.doubts), translated=tally.translated)


def _ordered(
    order: tuple[int, int], before: Packet, after: Packet, changed: set[tuple[tuple[int, int], str]]
) -> Packet:
    """Return a packet without a mark or DSCP that two chains of one priority changed: the order of those is not known."""
    for name in ("mark", "dscp"):
        if getattr(before, name) != getattr(after, name):
            if (order, name) in changed:
                after = replace(after, **{name: None})
            changed.add((order, name))
    return after


def _is_first(packet: Packet) -> bool:
    return packet.state in {"NEW", "RELATED", None}


def _seen(base: BaseChain, chain: PathChain, tally: _Tally, family: str, scope: Surroundings) -> ChainVerdict:
    """Return the verdict of one chain; before connection tracking a packet has no state."""
    packet = replace(tally.packet, has_frame=True) if family in _FRAMED_FAMILIES else tally.packet
    is_before = (
        family in _TRACKED_FAMILIES
        and base.hook in {"prerouting", "output"}
        and base.priority < _CONNTRACK
        # A packet that the host sends to itself keeps its connection.
        and packet.inside != "lo"
        and packet.state != "UNTRACKED"
        # An ICMP message about a packet begins with that packet's connection.
        and not (packet.state == "RELATED" and base.hook == "output")
    )
    seen = replace(packet, state="INVALID") if is_before else packet
    verdict = Evaluation(base.table, scope).run(chain, seen)
    if is_before:
        ends = [replace(end, packet=_tracked(end.packet, packet, chain, scope)) for end in verdict.ends]
    elif any(end.packet.zone != packet.zone for end in verdict.ends):
        # The packet is tracked already; or not at all: nftables tracks it then, iptables does not.
        state = None if packet.state == "UNTRACKED" else packet.state
        kept = {"zone": packet.zone, "zone_by": None, "state": state}
        ends = [replace(end, packet=replace(end.packet, **kept)) for end in verdict.ends]
    else:
        return verdict
    return replace(verdict, main=ends[0], others=tuple(ends[1:]))


def _handed_over(verdict: ChainVerdict, queues: frozenset[int] | None) -> ChainVerdict:
    """Return the verdict, in which a queue that no program listens on drops packets, unless its rule lets them bypass it."""
    if queues is None or QUEUE not in verdict.kinds:
        return verdict
    ends = [replace(end, kind=_queued(end, queues)) for end in verdict.ends]
    return replace(verdict, main=ends[0], others=tuple(ends[1:]))


def _queued(end: End, queues: frozenset[int]) -> str:
    if end.kind != QUEUE or end.rule is None:
        return end.kind
    target = next((part.target for part in end.rule.parts if isinstance(part, RuleVerdict)), "")
    number, _, flags = target.partition(" ")
    first, _, last = number.partition(":")
    if not (first.isdecimal() and (last or first).isdecimal()):
        return QUEUE
    wanted = range(int(first), int(last or first) + 1)
    if any(one in wanted for one in queues):
        return QUEUE
    return ACCEPT if flags else DROP


def _tracked(packet: Packet, before: Packet, chain: PathChain, scope: Surroundings) -> Packet:
    """Return a packet with its state again, unless a rule took it out of tracking; in another zone it has another state."""
    if packet.state != "INVALID":
        return packet
    packet = replace(packet, state=before.state)
    if packet.zone == before.zone:
        return packet
    by = None if packet.zone_by is None else (chain, packet.zone_by)
    return scope.in_zone(replace(packet, zone_by=by))


def _translate(bases: list[BaseChain], tally: _Tally, hook: str, scope: Surroundings) -> HookVerdict | None:
    """Evaluate the chains of nat: the first translation ends them."""
    before = tally.packet
    if before.state == "RELATED" and before.protocol in _ERRORS:
        # It is translated as the packet that it is about.
        return None
    if not _is_first(before) or scope.is_settled(hook):
        tally.packet = scope.continued(before, hook)
        return None
    start = tally.packet
    ended = _first_translation(bases, tally, scope)
    if len({base.order for base in bases}) < len(bases):
        # Of chains with one priority the kernel calls the one that was registered last first, which nothing shows.
        other = _Tally(start)
        turned = list(bases)
        turned.reverse()
        other_ended = _first_translation(sorted(turned, key=lambda base: base.order), other, scope)
        if (ended is None, tally.packet) != (other_ended is None, other.packet):
            tally.kinds.add(UNKNOWN)
            tally.doubts += [
                (base.chain, f"the order of chain {base.name}") for base in bases if base.chain is not None
            ]
            tally.packet = joined(tally.packet, other.packet)
            return None
    return ended


def _first_translation(bases: list[BaseChain], tally: _Tally, scope: Surroundings) -> HookVerdict | None:
    for base in bases:
        chain = base.chain
        if chain is None:
            continue
        verdict = Evaluation(base.table, scope).run(chain, tally.packet)
        ended = tally.take(chain, verdict)
        if ended is not None:
            return ended
        if all(end.translation for end in verdict.ends):
            tally.translated = None if verdict.others else (chain, verdict.main)
            break
    return None
