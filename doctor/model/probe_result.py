"""Results of test containers: of one, and of the last scan that tried any; and what checks and containers together prove."""

from collections.abc import Iterable

from msgspec import Struct

from doctor.model.finding import Evidence, Finding
from doctor.model.outcome import Outcome, Result

HOPS = "hops"
"""Source of the evidence about the way of packets, in findings and in failed probes."""


class LostWay(Struct, frozen=True, kw_only=True):
    """A way on which the packets of a failed probe were lost.

    Attributes:
        kinds: the kinds of ways of the model of paths that it may be, the most exact one first.
        network: name of the network that the test container was on; ``container`` the running container that was asked, or "".
        target: address; ``port`` and ``protocol`` as sent. For a published port, the host's.
    """

    kinds: tuple[str, ...]
    network: str = ""
    container: str = ""
    target: str = ""
    port: int = 0
    protocol: str = "tcp"


class ProbeResult(Struct, frozen=True, kw_only=True):
    """Result of a test container.

    Attributes:
        name: the probe ("egress").
        proves: the ability in a few words.
        result: pass, fail, skip (nothing to prove here), unproven (the ability is used here but could not be tried as
            its users do), error (the runtime itself failed).
        message: the result in words; for a skip or error the reason.
        evidence: requests and answers.
        seconds: wall time.
        untried: parts of the ability that a pass leaves out, each with its reason: the host is not called healthy.
        doubts: problems of an ability that passed, as sentences: the host is not called healthy.
        by_others: the cause is outside of this host or a rule of the administrator: no repair is rolled back for it.
        lost: ways on which packets were lost; ``cuts`` the sentences of the model about the hops where they end.
    """

    name: str
    proves: str
    result: Result
    message: str
    evidence: tuple[Evidence, ...] = ()
    seconds: float = 0.0
    by_others: bool = False
    untried: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    lost: tuple[LostWay, ...] = ()
    cuts: tuple[str, ...] = ()

    def is_named_by(self, finding: Finding) -> bool:
        """Whether a finding names a hop where the probe's packets end."""
        said = (finding.message, *(entry.value for entry in finding.evidence))
        return any(cut in text for cut in self.cuts for text in said)


class LastProof(Struct, frozen=True, kw_only=True):
    """The test containers of an earlier scan of this host: when (seconds since the epoch), and what each proved.

    Without any, the host was repaired since they were tried.
    """

    started: float
    probes: tuple[ProbeResult, ...]


def judged(outcomes: Iterable[Outcome], probes: Iterable[ProbeResult]) -> frozenset[str]:
    """Return the ids whose findings are complete: of checks that ran without a gap, and of test containers that passed or failed."""
    ran = {Result.PASS, Result.FAIL}
    checks = {outcome.id for outcome in outcomes if outcome.result in ran and not outcome.incomplete}
    return frozenset(checks | {f"probe/{probe.name}-failed" for probe in probes if probe.result in ran})
