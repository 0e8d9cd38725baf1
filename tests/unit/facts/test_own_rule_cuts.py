"""A rule of the engine's own at which packets end is not shown as somebody else's."""

import pytest
from msgspec.structs import replace

from checks.firewall.foreign_rules.foreign_base_chain_drop import foreign_base_chain_drop
from checks.firewall.path_rules.foreign_rule_drop import foreign_rule_drop
from doctor.facts.firewall.cuts import NFT, Cut, TrafficCuts
from doctor.facts.firewall.ends.rule_place import RulePlace
from doctor.facts.firewall.rule_cuts import RuleCut, RuleCuts
from doctor.facts.path.paths import OpenCuts, PathCut
from doctor.facts.path.way import DROPPED, Way
from doctor.model.missing import Missing, Why

RULE = "-A DOCKER-ISOLATION-STAGE-2 -o br-lan -j DROP"
WAY = Way(kind="egress", start="aa", end="outside", target="192.0.2.1", port=443)
CUT = PathCut(
    cause="rule", end=DROPPED, place="host", device="", table="ip filter", chain="DOCKER-ISOLATION-STAGE-2", rule=RULE,
    says="packets from aa to outside end at it", reason="it", ways=(WAY,), hops=(),
)  # fmt: skip
PLACE = RulePlace(family="ip", table="filter", chain=CUT.chain, base="FORWARD", backend="iptables-nft-save", text=RULE)


@pytest.mark.parametrize("is_engines", [True, False])
def test_only_rules_of_others_are_shown(is_engines: bool) -> None:
    """The rest stays with the check for all that no other one names."""
    item = RuleCut(cut=CUT, place=PLACE, hook="forward", is_engines=is_engines)
    left = OpenCuts(cuts=(CUT,), unknown=(), walked=1)
    files = Missing(Why.ABSENT, "no suspicion")
    assert bool([*foreign_rule_drop(RuleCuts(items=(item,)), left, files)]) is not is_engines


@pytest.mark.parametrize("kind", ["egress", "published"])
def test_a_policy_that_ends_more_than_ports_is_left_to_the_check_that_knows_all_of_it(kind: str) -> None:
    """A set hides from one check that outgoing packets end there too: it would note closed ports, and the rest would count as named."""
    policy = Cut(
        place=NFT, table="inet site", chain="c", rule="policy drop", decided="policy drop", target="DROP", traffic=("port",),
        networks=("app",),
    )  # fmt: skip
    place = RulePlace(family="inet", table="site", chain="c", base="c", backend="nft")
    cut = replace(CUT, table="inet site", chain="c", rule="", ways=(replace(WAY, kind=kind),))
    items = RuleCuts(items=(RuleCut(cut=cut, place=place, hook="forward"),))
    files = Missing(Why.ABSENT, "no suspicion")
    found = [*foreign_base_chain_drop(TrafficCuts(cuts=(policy,)), items, files)]
    assert bool(found) is (kind == "published")
