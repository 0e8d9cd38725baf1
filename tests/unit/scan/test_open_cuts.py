"""A hop at which packets end is reported once, and never by nobody: by the check that names it, else by one of paths."""

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from doctor.facts.network.networks import Endpoint, Network, Networks
from doctor.facts.path.paths import LeftCuts, PathCut, Paths
from doctor.facts.path.way import Way
from doctor.host.recorded import RecordedAnswers, RootHost
from doctor.model.missing import Missing, Why
from doctor.model.outcome import Result
from doctor.plugins.catalog import Catalog
from doctor.plugins.load import load
from doctor.scan import open_cuts
from doctor.scan.resolve import Facts
from doctor.scan.run import scan

HEAD = """
from collections.abc import Iterator
from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.path.paths import LeftCuts, OpenCuts
"""
OLD = """
@check(severity=Severity.ERROR, DECLARED)
def old() -> Iterator[Finding]:
    '''An ordinary check.'''
    yield Finding(subject=Subject(SUBJECT), message=MESSAGE)
"""
OWNER = """
@check(severity=Severity.ERROR)
def owner(cuts: OpenCuts) -> Iterator[Finding]:
    '''A check of paths.'''
    for cut in cuts.of("rule"):
        yield Finding(subject=cut.subject, message=cut.says)
"""
REST = """
@check(severity=Severity.ERROR)
def rest(cuts: LeftCuts) -> Iterator[Finding]:
    '''The rest.'''
    for cut in cuts.cuts:
        yield Finding(subject=cut.subject, message=cut.says)
"""
WAY = Way(kind="egress", start="web", end="outside", target="192.0.2.80", port=443)
RULE = PathCut(
    cause="rule", end="dropped", place="host", table="ip filter", chain="DOCKER-USER", rule="-A DOCKER-USER -j DROP",
    says="packets end at the rule", reason="the rule", ways=(WAY,),
)  # fmt: skip
POLICY = replace(RULE, rule="", chain="FORWARD", says="packets end at the policy")
DOWN = PathCut(
    cause="link-down", end="dropped", place="host", device="docker0", says="packets end at docker0",
    reason="bridge docker0: it is down", ways=(WAY,),
)  # fmt: skip
OFF = replace(DOWN, cause="forwarding-off", reason="forwarding of docker0: net.ipv4.ip_forward is 0")
_ASKS = "eth0 in web: the question for the address fd00::1 is dropped by "
ASKED = replace(DOWN, cause="neighbour", place="web", device="eth0",
                reason=_ASKS + '"ether type ip6 drop (chain c, handle 2)" in chain c of nft table bridge site')  # fmt: skip
UNHEARD = replace(ASKED, reason=_ASKS + "the policy of chain FORWARD of table filter (ip6tables)")
INSIDE = replace(DOWN, place="web", device="eth0", reason="interface eth0 in web: it is down")
NETWORKS = Networks(
    items=(Network(id="n1", name="mesh", driver="bridge", bridge="br0"),),
    endpoints=(Endpoint(id="e", network_id="n1", container="web", is_running=True),),
)


@pytest.fixture
def scanned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return what each check says of these cuts."""

    def run(paths: Paths | Missing, **sources: str) -> dict[str, list[str]]:
        package = f"cuts_{tmp_path.name.replace('-', '_')}"
        (tmp_path / package / "area").mkdir(parents=True)
        (tmp_path / package / "__init__.py").touch()
        (tmp_path / package / "area" / "__init__.py").touch()
        for name, source in sources.items():
            (tmp_path / package / "area" / f"{name}.py").write_text(HEAD + source)
        monkeypatch.syspath_prepend(str(tmp_path))
        catalog = Catalog()
        catalog.add("checks", package, "")
        facts = Facts(RootHost(str(tmp_path), RecordedAnswers(live=True)), (NETWORKS,))
        facts.give(paths, Paths)
        found = scan(facts.host, catalog, catalog.checks, facts=facts)
        assert not [one for one in found.outcomes if one.result is Result.ERROR], found.outcomes
        said: dict[str, list[str]] = {one.id.partition("/")[2]: [] for one in found.outcomes}
        for one in found.findings:
            said[one.id.partition("/")[2]].append(one.message)
        return said

    return run


def old(declared: str, subject: str, message: str = "it is broken") -> str:
    """The source of an ordinary check."""
    return OLD.replace("DECLARED", declared).replace("SUBJECT", subject).replace("MESSAGE", repr(message))


def test_each_cut_has_one_finding(scanned: Any) -> None:
    """The one that its owner names is not the rest's, and the rest names all others."""
    paths = Paths(cuts=(RULE, DOWN), walked=2)
    assert scanned(paths, owner=OWNER, rest=REST) == {"owner": [RULE.says], "rest": [DOWN.says]}


@pytest.mark.parametrize(
    "cut",
    [
        replace(INSIDE, cause="neighbour", reason="eth0 in web: nobody answers for 10.0.0.1"),
        replace(DOWN, cause="no-bridge", device="veth1", reason="veth1: it is not a port of a bridge"),
        replace(
            DOWN, cause="wrong-route", device="eth0", reason="a route of table 254: it sends packets for web to eth0"
        ),
    ],
)
def test_a_deleted_bridge_is_the_reason_for_what_its_containers_do_not_reach(scanned: Any, cut: PathCut) -> None:
    """The routes of the host and of the containers are right: no question is asked whether to delete them."""
    ends = load().check("network/docker0-missing").declaration.ends
    source = old(f"ends={tuple(ends)!r}", '"network", "mesh"', "the bridge br0 does not exist")
    assert scanned(Paths(cuts=(cut,), walked=1), old=source, rest=REST)["rest"] == []


@pytest.mark.parametrize(
    ("cut", "declared", "subject", "message"),
    [
        (RULE, 'ends=("rule",)', '"rule", "filter -A DOCKER-USER -j DROP"', "it drops"),
        (POLICY, 'ends=("rule",)', '"firewall", "all"', "the policy of FORWARD is DROP"),
        (DOWN, 'ends=("link-down",)', '"network", "bridge"', "the bridge docker0 is down"),
        (DOWN, 'ends=("link-down",)', '"network", "mesh"', "its bridge is down"),
        (OFF, 'ends=("forwarding-off",)', '"sysctl", "net.ipv4.ip_forward"', "it is 0"),
        (INSIDE, 'ends=("link-down",)', '"container", "web"', "its interface is down"),
        (DOWN, 'ends_anywhere=("link-down",)', '"engine", "docker"', "all is down"),
        (
            ASKED,
            "ends=()",
            '"rule", "it"',
            "packets end at 'ether type ip6 drop' (handle 2) in chain c of nft table bridge site",
        ),
        (UNHEARD, "ends=()", '"firewall", "filter"', "all rules are gone, and :FORWARD DROP"),
    ],
)
def test_what_an_ordinary_check_names_is_not_said_again(
    cut: PathCut, declared: str, subject: str, message: str, scanned: Any
) -> None:
    """It declares the cause, and its finding has the place: rule, chain, interface, setting, container or network."""
    found = scanned(Paths(cuts=(cut,)), old=old(declared, subject, message), owner=OWNER, rest=REST)
    assert found == {"old": [message], "owner": [], "rest": []}


@pytest.mark.parametrize(
    ("cut", "declared", "subject", "message"),
    [
        (RULE, 'ends=("rule",)', '"rule", "filter -A FORWARD -j DROP"', "another rule drops"),
        (POLICY, 'ends=("rule",)', '"firewall", "all"', "MYFORWARD drops"),
        (DOWN, 'ends=("link-down",)', '"interface", "docker01"', "docker01 is down"),
        (DOWN, 'ends=("no-route",)', '"interface", "docker0"', "docker0 has no route"),
        (DOWN, 'ends=("link-down",)', '"network", "other"', "its bridge is down"),
        (INSIDE, 'ends=("link-down",)', '"container", "webb"', "it is down"),
        (ASKED, "ends=()", '"rule", "it"', "packets end at 'ip6 drop' (handle 3) in chain c of nft table bridge site"),
        (UNHEARD, "ends=()", '"rule", "it"', "packets end at the policy of chain INPUT of table filter (ip6tables)"),
        (replace(RULE, place="web"), 'ends=("rule",)', '"rule", "filter -A DOCKER-USER -j DROP"', "the host's drops"),
    ],
)
def test_what_is_near_does_not_hide_a_cut(
    cut: PathCut, declared: str, subject: str, message: str, scanned: Any
) -> None:
    """Another rule, an interface with a longer name, another cause, another network."""
    found = scanned(Paths(cuts=(cut,)), old=old(declared, subject, message), rest=REST)
    assert found == {"old": [message], "rest": [cut.says]}


def facts_of(*cuts: PathCut, started: str = "2026-11-30T08:00:00Z", name: str = "web") -> Facts:
    """Facts of a host with these cuts, and one container that started then."""
    endpoint = replace(NETWORKS.endpoints[0], started=started, container=name)
    found = Facts(RootHost("/", RecordedAnswers(live=True)), (replace(NETWORKS, endpoints=(endpoint,)),))
    found.give(Paths(cuts=cuts), Paths)
    return found


@pytest.mark.parametrize(
    ("before", "after", "left"),
    [
        (facts_of(RULE), facts_of(RULE), (RULE,)),
        (facts_of(RULE), facts_of(replace(RULE, handle=7)), (replace(RULE, handle=7),)),
        (facts_of(), facts_of(RULE), ()),
        (facts_of(DOWN), facts_of(RULE), ()),
        (facts_of(RULE), facts_of(replace(RULE, ways=(WAY, replace(WAY, start="new")))), (RULE,)),
        (facts_of(replace(RULE, ways=(replace(WAY, start="old"),))), facts_of(RULE), ()),
        (facts_of(RULE), facts_of(RULE, started="2026-11-30T08:00:01Z"), ()),
        (facts_of(RULE), facts_of(RULE, name="other"), ()),
    ],
    ids=["stays", "same-hop", "new", "another-cause", "more-ways", "other-ways", "restarted", "ended"],
)
def test_a_cut_counts_if_it_is_seen_twice(before: Facts, after: Facts, left: tuple[PathCut, ...]) -> None:
    """A container that starts, ends or restarts while a scan reads has cuts of a moment, each time others."""
    open_cuts.give(after, 2, [], {}, before)
    assert after.get(LeftCuts).cuts == left


def test_without_paths_they_are_skipped(scanned: Any) -> None:
    absent = Missing(Why.ABSENT, "no container runs on a bridge network")
    assert scanned(absent, owner=OWNER, rest=REST) == {"owner": [], "rest": []}
