"""Derives which rules of others translate containers' packets, or keep them from being translated."""

from doctor.facts.firewall.own_rules import OwnRules
from doctor.facts.firewall.packet_filter import Firewall
from doctor.facts.firewall.rules import EngineRules
from doctor.facts.firewall.translations import Translations
from doctor.facts.network.links import Links
from doctor.facts.network.listeners import Listeners
from doctor.facts.network.networks import Networks
from doctor.facts.path.rule_lists import PathFirewalls, RuleLists
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
    firewalls: PathFirewalls | Missing,
) -> Translations:
    """Return them. Missing if the engine has no bridge network."""
    if not networks.bridges:
        raise HostError(Missing(Why.ABSENT, "the engine has no bridge network"))
    families = () if isinstance(rules, Missing) else rules.families
    own = {family.version: OwnRules(family) for family in families}
    versions = [] if not _may(firewall, own.get(4)) else [4]
    # Without rules of the engine for IPv6, nothing of it is translated.
    lists = None if isinstance(firewalls, Missing) or 6 not in own else firewalls.host
    if lists is not None and (not own[6].are_alone or _translates(lists)):
        versions.append(6)
    if not versions:
        return Translations(gaps=firewall.gaps)
    # Evaluating packets takes a dozen modules; most hosts have no rules but those of the engine.
    from doctor.collect.firewall.translation_walks import TranslationRules, found  # noqa: PLC0415

    scopes = [TranslationRules.of(version, firewall, lists, own.get(version)) for version in versions]
    return Translations(items=found(host, scopes, networks, links, listeners), gaps=firewall.gaps)


def _may(firewall: Firewall, own: OwnRules | None) -> bool:
    """Whether rules of others may translate IPv4 packets."""
    return firewall.translates_by_others or firewall.other is not None or not (own is None or own.are_alone)


def _translates(lists: RuleLists) -> bool:
    """Whether a table of nft may translate IPv6 packets, or keep them from being tracked."""
    chains = () if lists.nft is None else lists.nft.chains
    return any(one.family in {"ip6", "inet"} and one.hook in {"prerouting", "postrouting"} for one in chains)
