"""A second hop at which packets end is seen only after the first one is gone: a repair of the first did not cause it."""

from pathlib import Path

from doctor.facts.path.paths import PathCut, Paths
from doctor.facts.path.way import Way
from doctor.host.recorded import RootHost
from doctor.model.finding import Evidence, Finding, Subject
from doctor.scan.open_cuts import ended_ways, is_undecided, was_behind
from doctor.scan.resolve import Facts

OUT = Way(kind="egress", start="web", end="outside", target="193.0.14.129", port=443)
IN = Way(kind="published", start="outside", end="web", target="192.0.2.9", port=80)


def facts(tmp_path: Path, *cuts: PathCut) -> Facts:
    found = Facts(RootHost(str(tmp_path)))
    found.give(Paths(cuts=cuts))
    return found


def cut(says: str, *ways: Way) -> PathCut:
    return PathCut(cause="qdisc", end="dropped", place="host", says=says, ways=ways)


def test_only_a_hop_behind_the_first_one_is_excused(tmp_path: Path) -> None:
    before = ended_ways(facts(tmp_path, cut("packets end at the rule", OUT)))
    named = Finding(subject=Subject("interface", "eth0"), message="packets end at the queue")
    other = Finding(subject=Subject("x", "y"), message="else", evidence=(Evidence("path", "packets end at the queue"),))
    for finding in (named, other):
        assert was_behind(finding, facts(tmp_path, cut("packets end at the queue", OUT)), before)
        # Packets that arrived before end now: the repair did that.
        assert not was_behind(finding, facts(tmp_path, cut("packets end at the queue", OUT, IN)), before)
        assert not was_behind(finding, facts(tmp_path, cut("packets end elsewhere", OUT)), before)
        assert not was_behind(finding, facts(tmp_path), before)


def test_a_prediction_judges_a_finding_by_its_own_ways(tmp_path: Path) -> None:
    """Another way that is unknown does not keep it open; one of its own does, as does one that is not walked any more."""
    finding = Finding(subject=Subject("interface", "eth0"), message="packets end at the queue")
    before = facts(tmp_path, cut("packets end at the queue", OUT))

    def undecided(*, arriving: tuple[Way, ...], unknown: bool = True, cuts: tuple[PathCut, ...] = ()) -> bool:
        after = Facts(RootHost(str(tmp_path)))
        reasons = (("a rate decides", 1),) if unknown else ()
        after.give(Paths(cuts=cuts, arriving=arriving, unknown=reasons))
        return is_undecided(finding, before, after)

    assert not undecided(arriving=(OUT,))
    assert not undecided(arriving=(), cuts=(cut("packets end elsewhere", OUT),))
    assert undecided(arriving=(IN,))
    assert undecided(arriving=())
    assert not undecided(arriving=(), unknown=False)
    assert not is_undecided(finding, facts(tmp_path, cut("packets end elsewhere", OUT)), before)
