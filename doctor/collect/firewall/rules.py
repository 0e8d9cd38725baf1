"""Derives the engine's rules from its networks, its settings and the firewall. No I/O."""

from doctor.facts.config.engine import EngineConfig, EngineFlags
from doctor.facts.engine.state import EngineState, EngineVersion
from doctor.facts.engine.upgrade import EngineUpgrade
from doctor.facts.firewall.expected_rules import Terms, expect
from doctor.facts.firewall.generations import ENGINE_CHAINS, UP_TO_22_OF_IPV6, UP_TO_27, RuleGeneration, generation_of
from doctor.facts.firewall.packet_filter import Firewall, Saved
from doctor.facts.firewall.rules import NO_RAW, EngineRules, FamilyRules, compare
from doctor.facts.network.networks import Networks
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why


@collector
def engine_rules(  # noqa: PLR0917 - a collector's parameters are the facts it is derived from
    firewall: Firewall,
    networks: Networks,
    engine: EngineConfig,
    flags: EngineFlags | Missing,
    version: EngineVersion | Missing,
    state: EngineState | Missing,
    upgrade: EngineUpgrade | Missing,
) -> EngineRules:
    """Return the comparison. Missing if the engine creates no iptables rules here."""
    if isinstance(upgrade, EngineUpgrade):
        raise HostError(Missing(Why.ABSENT, f"engine {upgrade.after.text} creates its rules at its start"))
    saved = firewall.v4
    if saved is None:
        raise HostError(Missing(Why.ABSENT, "this host has no iptables"))
    if engine.get("iptables", True) is False:
        raise HostError(Missing(Why.ABSENT, "the engine is configured to create no rules (iptables: false)"))
    if engine.get("firewall-backend") == "nftables":
        raise HostError(Missing(Why.ABSENT, "the engine filters with nftables, not with iptables"))
    if not networks.bridges:
        raise HostError(Missing(Why.ABSENT, "the engine has no bridge network"))
    status = "" if isinstance(state, Missing) else state.status
    if status == "absent" and not networks.running:
        raise HostError(Missing(Why.ABSENT, "no engine is installed"))
    generation = _generation(firewall.other if firewall.other and not _has_chains(saved) else saved, version)
    environment = {} if isinstance(flags, Missing) else flags.environment
    terms = Terms(
        hairpin=_is_hairpin(saved, engine),
        direct_routing=engine.get("allow-direct-routing") is True,
        raw=environment.get(NO_RAW) != "1",
    )
    families = [_family(4, saved, generation, networks, terms)]
    if firewall.other is not None and _missing(families[0]) and not _has_chains(saved):
        # The command was switched while the engine ran: its rules remain in the other backend.
        others = _family(4, firewall.other, generation, networks, terms)
        if _missing(others) < _missing(families[0]):
            saved, families = firewall.other, [others]
    if firewall.v6 is not None and _filters_ipv6(engine, version):
        families.append(_family(6, firewall.v6, of_ipv6(generation, version, firewall.v6), networks, terms))
    unjudged = dict.fromkeys(name for family in families for name in family.expected.unjudged)
    gaps = [Missing(Why.UNREADABLE, f"network {name}: its interface can't be judged") for name in unjudged]
    return EngineRules(
        generation=generation.name,
        families=tuple(families),
        is_idle=status != "running" and not networks.running,
        is_running=status == "running",
        hairpin=terms.hairpin,
        closes_ipv6=generation is UP_TO_27,
        leftovers=tuple(chain for chain in generation.foreign_chains if saved.has_chain("filter", chain)),
        gaps=(*gaps, *firewall.gaps, *networks.gaps),
    )


def _missing(family: FamilyRules) -> int:
    return len(family.single) + sum(len(lost.rules) for lost in family.lost)


def _has_chains(saved: Saved) -> bool:
    return any(chain in ENGINE_CHAINS for _, chain in saved.by_chain)


def _generation(saved: Saved, version: EngineVersion | Missing) -> RuleGeneration:
    """Return the generation by the version, else by the existing chains; raises if neither shows it."""
    chains = saved.filter_chains()
    if not isinstance(version, Missing):
        return generation_of(version.release, chains)
    if "DOCKER-INTERNAL" in chains:
        return generation_of((29, 0, 0), chains)
    if "DOCKER-FORWARD" in chains:
        return generation_of((28, 2, 0), chains)
    if "DOCKER-ISOLATION-STAGE-1" in chains:
        return UP_TO_27
    raise HostError(version)


def of_ipv6(generation: RuleGeneration, version: EngineVersion | Missing, saved: Saved) -> RuleGeneration:
    """Return the generation of IPv6; of an engine whose version is unknown the chain shows whether it makes one for users."""
    if generation is not UP_TO_27:
        return generation
    makes_chain = saved.has_chain("filter", "DOCKER-USER") if isinstance(version, Missing) else version.at_least(23)
    return UP_TO_27 if makes_chain else UP_TO_22_OF_IPV6


def _is_hairpin(saved: Saved, engine: EngineConfig) -> bool:
    """Whether the engine created its rules without docker-proxy.

    The jump in nat OUTPUT shows the setting at the engine's start; the settings may have been edited since.
    """
    for rule in saved.rules("nat", "OUTPUT"):
        if rule.text.endswith("--dst-type LOCAL -j DOCKER"):
            return "! -d " not in rule.text
    return engine.get("userland-proxy", True) is False


def _filters_ipv6(engine: EngineConfig, version: EngineVersion | Missing) -> bool:
    """Whether the engine filters IPv6: ``ip6tables`` is on by default since 27; before, it needed ``experimental``."""
    if engine.is_set("ip6tables"):
        return engine.get("ip6tables") is True
    return not isinstance(version, Missing) and version.at_least(27)


def _family(number: int, saved: Saved, generation: RuleGeneration, networks: Networks, terms: Terms) -> FamilyRules:
    plain = expect(generation, networks, terms, number)
    order = _seen_order(saved, networks)
    if order:
        plain = expect(generation, networks, terms, number, order)
    return compare(number, saved, plain)


def _seen_order(saved: Saved, networks: Networks) -> tuple[str, ...]:
    """Return the bridges in the actual order of their rules, newest first, or () if that is as computed or unknown.

    A restarted or upgraded engine has created them in its own order: a missing rule is inserted accordingly.
    """
    known = {network.bridge: network for network in networks.bridges}
    external = {bridge for bridge, network in known.items() if not network.internal}
    computed = [network.bridge for network in reversed(networks.bridges)]
    for key in (("filter", "DOCKER-ISOLATION-STAGE-1"), ("filter", "FORWARD"), ("nat", "DOCKER")):
        words = (word for rule in saved.rules(*key) for word in rule.text.split())
        order = tuple(dict.fromkeys(word for word in words if word in known))
        if external <= set(order):
            return () if list(order) == [bridge for bridge in computed if bridge in order] else order
    return ()
