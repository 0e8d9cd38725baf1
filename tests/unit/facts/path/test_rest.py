"""The rest: one finding for each broken thing, with the sentence of each hop that ends there."""

from msgspec.structs import replace

from doctor.facts.path.paths import LeftCuts
from doctor.model.severity import Severity
from doctor.plugins.load import load
from tests.unit.scan.test_open_cuts import DOWN, INSIDE, RULE

CHECK = load().check("network/path-ends").function


def test_two_hops_of_one_container_are_one_finding() -> None:
    """The way that a container needs is in the message, the other in the evidence."""
    ping = replace(INSIDE, ways=(replace(INSIDE.ways[0], kind="gateway"),), says="pings end at eth0", cause="neighbour")
    (found,) = CHECK(LeftCuts(cuts=(ping, INSIDE)))
    assert (found.message, found.severity) == (INSIDE.says, None)
    assert ping.says in {one.value for one in found.evidence}


def test_how_bad_it_is_depends_on_what_is_cut() -> None:
    """The host's own ways are often closed by a rule on purpose."""
    local = replace(RULE, ways=(replace(RULE.ways[0], kind="hairpin"),))
    broken = replace(DOWN, ways=(replace(DOWN.ways[0], kind="hairpin"),))
    found = CHECK(LeftCuts(cuts=(local, broken)))
    assert [one.severity for one in found] == [Severity.INFO, Severity.WARNING]
