"""The model's claims beside the fate of the packets."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tests.hosts.paths.host import RandomHost
from tests.hosts.paths.packets import Outcome
from tests.hosts.paths.play import Stage, stage
from tests.hosts.paths.rounds import DELIVERED, DROPPED, UNKNOWN, WRONG, Round
from tests.hosts.paths.ways import Probe, probes

_PATIENCE_S = 1.2


@dataclass(frozen=True, slots=True)
class Claim:
    """A verdict of the model: `delivered`, `dropped`, `rejected` or `unknown`, with its words."""

    end: str
    says: str = ""


@dataclass(frozen=True, slots=True)
class Fate:
    """One packet judged: the verdicts agree (`delivered` or `dropped`), or one is WRONG or unknown."""

    kind: str
    outcome: Outcome
    claim: Claim

    def __str__(self) -> str:
        return f"{self.kind}: {self.outcome.probe}: {self.outcome}; the model: {self.claim.end}, {self.claim.says}"


Model = Callable[[Stage, Iterable[Probe]], dict[Probe, Claim]]
"""Reads the facts of a host that stands, and says what will become of each probe."""


def judge(host: RandomHost, model: Model) -> Round:
    """Build a host, let the model speak, send the packets, compare."""
    with stage(host) as standing:
        found = Round(host, refused=standing.refused)
        wanted = probes()
        claims = model(standing, wanted)
        outcomes = standing.send(wanted)
        late = [one for one in outcomes if not one.is_answered and claims[one.probe].end == DELIVERED]
        if late:
            # A busy machine may be slow: the packet gets a second, longer chance before a claim is wrong.
            again = {one.probe: one for one in standing.send(tuple(one.probe for one in late), quiet=_PATIENCE_S)}
            outcomes = [again.get(one.probe, one) for one in outcomes]
        foreign = {_pair(one.probe) for one in outcomes if one.by not in {"", "?", one.probe.answers}}
        for one in outcomes:
            # ICMP's answer has no name in it: where TCP shows that somebody else answers, it proves nothing.
            if one.by != "?" or _pair(one.probe) not in foreign:
                claim = claims[one.probe]
                fate = Fate(_kind(one, claim), one, claim)
                found.add(fate.kind, str(one.probe), str(fate), claim.says)
    return found


def _pair(probe: Probe) -> tuple[str, str]:
    return probe.sender, probe.address


def _kind(outcome: Outcome, claim: Claim) -> str:
    if claim.end == UNKNOWN:
        return UNKNOWN
    if outcome.is_answered:
        return DELIVERED if claim.end == DELIVERED else WRONG
    return WRONG if claim.end == DELIVERED else DROPPED
