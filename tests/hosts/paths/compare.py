"""The model's claims beside the fate of the packets."""

from collections.abc import Iterable
from dataclasses import dataclass

from tests.hosts.paths import model
from tests.hosts.paths.host import RandomHost
from tests.hosts.paths.layout import HOST
from tests.hosts.paths.model import Claim
from tests.hosts.paths.packets import Outcome
from tests.hosts.paths.play import Stage, stage
from tests.hosts.paths.rounds import DELIVERED, DROPPED, MISPLACED, PLACED, UNKNOWN, WRONG, Round
from tests.hosts.paths.traces import Passage, Tracer
from tests.hosts.paths.ways import Probe, probes

_ANSWERED_BY_OTHERS = frozenset({"local-address", "wrong-way", "taken", "proxy-missing"})
_PATIENCE_S = 1.2


@dataclass(frozen=True, slots=True)
class Fate:
    """One packet judged: the verdicts agree (`delivered` or `dropped`), or one is WRONG or unknown."""

    kind: str
    outcome: Outcome
    claim: Claim

    def __str__(self) -> str:
        return f"{self.kind}: {self.outcome.probe}: {self.outcome}; the model: {self.claim.end}, {self.claim.cause}: {self.claim.says}"


def judge(host: RandomHost) -> Round:
    """Build a host, let the model speak, send the packets, compare."""
    with stage(host) as standing:
        found = Round(host, refused=standing.refused)
        wanted = probes()
        claims = model.claims(standing, wanted)
        outcomes, ends = _sent(standing, claims, wanted)
        outcomes += standing.send(tuple(probe for probe in claims if probe.data), quiet=_PATIENCE_S / 4)
        late = [one for one in outcomes if not one.is_answered and claims[one.probe].end == DELIVERED]
        if late:
            # A busy machine may be slow: the packet gets a second, longer chance before a claim is wrong.
            again = {one.probe: one for one in standing.send(tuple(one.probe for one in late), quiet=_PATIENCE_S)}
            outcomes = [again.get(one.probe, one) for one in outcomes]
        foreign = {_pair(one.probe) for one in outcomes if one.by not in {"", "?", one.probe.answers}}
        for one in outcomes:
            claim = claims[one.probe]
            # ICMP's answer has no name in it: where somebody else answers, by TCP or by the model, it proves nothing.
            if one.by != "?" or not (_pair(one.probe) in foreign or claim.cause in _ANSWERED_BY_OTHERS):
                kind = _kind(one, claim)
                if kind == DROPPED and claim.rule is not None:
                    found.counts[PLACED if ends.has(claim.rule) else MISPLACED] += 1
                    if not ends.has(claim.rule):
                        found.misplaced.append(str(Fate(MISPLACED, one, claim)))
                fate = Fate(kind, one, claim)
                found.add(fate.kind, str(one.probe), str(fate), claim.says)
    return found


def _sent(standing: Stage, claims: dict[Probe, Claim], wanted: tuple[Probe, ...]) -> "tuple[list[Outcome], Ends]":
    """Send the packets; the kernel is asked for the rule only where the model names one: following each packet is dear."""
    by_rule = {probe: claim.rule for probe, claim in claims.items() if claim.rule is not None}
    if not by_rule:
        return standing.send(wanted), Ends()
    with Tracer(standing.lab.places[HOST]) as tracer:
        outcomes = standing.send(wanted)
        ends = Ends(tracer.passages())
        # A busy kernel loses reports.
        if lost := tuple(probe for probe, rule in by_rule.items() if not ends.has(rule)):
            standing.send(lost)
            ends.add(tracer.passages())
        return outcomes, ends


class Ends:
    """Where rules of the host ended packets, as the kernel reports it."""

    def __init__(self, passages: Iterable[Passage] = ()) -> None:
        self._rules: set[tuple[str, str, str, int]] = set()
        self.add(passages)

    def add(self, passages: Iterable[Passage]) -> None:
        """Take more reports."""
        for one in passages:
            if one.verdict == "drop":
                base = (one.family, one.table, one.chain)
                at = base if one.is_policy or not one.rules else (*base[:2], one.rules[-1][0])
                handle = 0 if one.is_policy or not one.rules else one.rules[-1][1]
                self._rules |= {(*base, handle), (*base, 0), (*at, handle), (*at, 0)}

    def has(self, rule: tuple[str, str, str, int]) -> bool:
        """Whether a packet ended at a rule, or by the policy of its base chain."""
        return rule in self._rules


def _pair(probe: Probe) -> tuple[str, str]:
    return probe.sender, probe.address


def _kind(outcome: Outcome, claim: Claim) -> str:
    if claim.end == UNKNOWN:
        return UNKNOWN
    if outcome.is_answered:
        return DELIVERED if claim.end == DELIVERED else WRONG
    return WRONG if claim.end == DELIVERED else DROPPED
