"""A failed probe of the network names the hop where packets end, by the model of paths."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from doctor.facts.network.networks import Endpoint, Network, Networks
from doctor.facts.path.paths import NEW, PathCut, Paths
from doctor.facts.path.way import OUTSIDE, Way
from doctor.host.recorded import RecordedAnswers, RootHost
from doctor.model.finding import Evidence, Finding, Subject
from doctor.model.missing import Missing
from doctor.model.outcome import Result
from doctor.model.probe_result import LostWay, ProbeResult
from doctor.model.severity import Severity
from doctor.scan.lost_ways import explained
from doctor.scan.prove import with_probes
from doctor.scan.resolve import Facts
from doctor.scan.run import Scan

NETWORKS = Networks(
    items=(
        Network(id="1", name="bridge", driver="bridge", bridge="docker0"),
        Network(id="2", name="mesh", driver="bridge", bridge="br-2"),
    ),
    endpoints=(
        Endpoint(id="a", network_id="1", container_id="a", container="web", is_running=True),
        Endpoint(id="b", network_id="2", container_id="b", container="db", is_running=True),
    ),
)
NEW_WAY = Way(kind="egress-new", start=f"{NEW} on docker0", end=OUTSIDE, target="193.0.14.129", port=443)
OF_DB = Way(kind="egress", start="db", end=OUTSIDE, target="193.0.14.129", port=443)
FAILED = ProbeResult(name="egress", proves="", result=Result.FAIL, message="no answer")


def cut(*ways: Way) -> PathCut:
    says = f"{ways[0].text} end at ip rule 100: its action is blackhole"
    return PathCut(cause="rule-of-routing", end="dropped", place="host", says=says, ways=ways)


def facts(tmp_path: Path, *known: object) -> Facts:
    found = Facts(RootHost(str(tmp_path), RecordedAnswers()))
    for one in (NETWORKS, *known):
        found.give(one)
    return found


@pytest.mark.parametrize(
    ("lost", "cuts", "says"),
    [
        (LostWay(kinds=("egress-new", "egress"), network="bridge"), (cut(OF_DB), cut(NEW_WAY)), NEW_WAY),
        (LostWay(kinds=("egress-new", "egress"), network="mesh"), (cut(NEW_WAY), cut(OF_DB)), OF_DB),
        (LostWay(kinds=("dns", "egress"), container="db"), (cut(NEW_WAY), cut(OF_DB)), OF_DB),
        # A cut of another network, or of another kind, explains nothing.
        (LostWay(kinds=("egress-new", "egress"), network="mesh"), (cut(NEW_WAY),), None),
        (LostWay(kinds=("published",), network="bridge"), (cut(NEW_WAY), cut(OF_DB)), None),
    ],
)
def test_the_cut_of_its_network_and_kind_is_named(
    tmp_path: Path, lost: LostWay, cuts: tuple[PathCut, ...], says: Way | None
) -> None:
    found = explained(replace(FAILED, lost=(lost,)), facts(tmp_path, Paths(cuts=cuts)))
    if says is None:
        assert found.message == "no answer"
        assert found.cuts == ()
    else:
        assert found.message == f"no answer; {cut(says).says}"
        assert found.cuts == (cut(says).says,)
        assert [entry.source for entry in found.evidence] == ["hops"]


def test_a_finding_that_names_the_hop_is_the_cause() -> None:
    """Also if its check declares no probe: a rule breaks the probe whose packets it drops. The hops are shown once."""
    says = cut(NEW_WAY).says
    named = Finding(
        id="network/path-ends",
        subject=Subject("rule", "100"),
        message="x",
        evidence=(Evidence("path", says),),
        severity=Severity.ERROR,
    )
    other = replace(named, subject=Subject("rule", "200"), evidence=(Evidence("path", "another"),))
    before = Scan(findings=(named, other), outcomes=(), facts=Facts(RootHost("/", RecordedAnswers())), ok={}, breaks={})
    asked = Evidence("ping 192.0.2.1", "no answer")
    found = with_probes(before, (replace(FAILED, cuts=(says,), evidence=(asked, Evidence("hops", "db eth0"))),))
    assert found.findings[-1].id == "probe/egress-failed"
    assert found.findings[-1].causes == (named.fingerprint,)
    assert found.findings[-1].evidence == (asked,)


def test_without_the_model_the_failure_stays_as_it_is(tmp_path: Path) -> None:
    lost = LostWay(kinds=("egress",), network="bridge", target="192.0.2.1", port=80)
    unread = facts(tmp_path)
    assert isinstance(unread.get(Paths), Missing)
    assert explained(replace(FAILED, lost=(lost,)), unread).message == "no answer"
