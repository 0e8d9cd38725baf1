"""Derives the effect of foreign rules on the engine's traffic. No I/O."""

from doctor.facts.firewall.cuts import TrafficCuts
from doctor.facts.firewall.own_rules import OwnRules
from doctor.facts.firewall.packet_filter import Firewall
from doctor.facts.firewall.rules import EngineRules
from doctor.facts.network.links import Links
from doctor.facts.network.networks import Networks
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why


@collector
def traffic_cuts(
    firewall: Firewall, networks: Networks, rules: EngineRules | Missing, links: Links | Missing
) -> TrafficCuts:
    """Return the cuts. Missing if the engine has no bridge network."""
    if not networks.bridges:
        raise HostError(Missing(Why.ABSENT, "the engine has no bridge network"))
    own = None if isinstance(rules, Missing) else OwnRules(rules.families[0])
    if (own is None or own.are_alone) and not firewall.forwards_by_others:
        return TrafficCuts(gaps=firewall.gaps)
    # Evaluating packets takes a dozen modules; most hosts have no rules but those of the engine.
    from doctor.collect.firewall.cut_walks import cuts_of  # noqa: PLC0415

    return cuts_of(firewall, networks, own, links)
