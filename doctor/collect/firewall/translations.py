"""Derives which rules of others translate containers' packets, or keep them from being translated."""

from doctor.facts.firewall.own_rules import OwnRules
from doctor.facts.firewall.packet_filter import Firewall
from doctor.facts.firewall.rules import EngineRules
from doctor.facts.firewall.translations import Translations
from doctor.facts.network.links import Links
from doctor.facts.network.listeners import Listeners
from doctor.facts.network.networks import Networks
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why


@collector
def translations(  # noqa: PLR0917 - the facts it is derived from
    host: Host,
    firewall: Firewall,
    networks: Networks,
    rules: EngineRules | Missing,
    links: Links,
    listeners: Listeners | Missing,
) -> Translations:
    """Return them. Missing if the engine has no bridge network."""
    if not networks.bridges:
        raise HostError(Missing(Why.ABSENT, "the engine has no bridge network"))
    own = None if isinstance(rules, Missing) else OwnRules(rules.families[0])
    if not firewall.translates_by_others and firewall.other is None and (own is None or own.are_alone):
        return Translations(gaps=firewall.gaps)
    # Evaluating packets takes a dozen modules; most hosts have no rules but those of the engine.
    from doctor.collect.firewall.translation_walks import found  # noqa: PLC0415

    return Translations(items=found(host, firewall, networks, own, links, listeners), gaps=firewall.gaps)
