"""Finds the rules at which packets of containers end, in the spelling of the program that wrote them."""

from doctor.facts.containers.containers import Containers
from doctor.facts.firewall.rule_cuts import RuleCuts
from doctor.facts.firewall.rules import EngineRules
from doctor.facts.network.networks import Networks
from doctor.facts.path.ends.details import ContainerPlace
from doctor.facts.path.namespaces import NetNamespaces
from doctor.facts.path.paths import Paths
from doctor.facts.path.rule_lists import PathFirewalls, RuleLists
from doctor.facts.path.way import HOST
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import Missing


@collector
def rule_cuts(  # noqa: PLR0917 - a collector's parameters are the facts it is derived from
    host: Host,
    paths: Paths,
    firewalls: PathFirewalls | Missing,
    rules: EngineRules | Missing,
    networks: Networks | Missing,
    containers: Containers | Missing,
    namespaces: NetNamespaces | Missing,
) -> RuleCuts:
    """Return them. Only chains in which packets end are listed a second time, as text."""
    if isinstance(firewalls, Missing):
        return RuleCuts(gaps=paths.gaps)
    ended = tuple(cut for cut in paths.cuts if cut.rule_home == HOST and cut.chain)
    if not isinstance(networks, Missing) and _may_drop_questions(firewalls.host, networks):
        from doctor.facts.firewall.ends.arp_cuts import arp_cuts  # noqa: PLC0415 - most hosts have only tables of iptables

        known = {(cut.table, cut.chain, cut.handle, cut.rule) for cut in ended}
        asked = arp_cuts(firewalls.host, networks)
        ended += tuple(cut for cut in asked if (cut.table, cut.chain, cut.handle, cut.rule) not in known)
    within = tuple(cut for cut in paths.cuts if cut.rule_home != HOST and cut.chain)
    if not ended and not within:
        return RuleCuts(gaps=paths.gaps)
    from doctor.collect.firewall.rule_finder import CutFacts, found, found_inside  # noqa: PLC0415 - most hosts have no such rule

    facts = CutFacts(firewalls=firewalls, rules=rules, networks=networks)
    inside = found_inside(host, within, firewalls, _places(containers, namespaces)) if within else ()
    return RuleCuts(items=found(host, ended, facts), inside=inside, gaps=paths.gaps)


def _may_drop_questions(lists: RuleLists, networks: Networks) -> bool:
    """Whether there are rules through which questions for addresses pass: those of iptables see none of IPv4."""
    if lists.nft is not None:
        return True
    return any(network.subnets6 for network in networks.bridges) and any(save.family == "ip6" for save in lists.saves)


def _places(containers: Containers | Missing, namespaces: NetNamespaces | Missing) -> dict[str, ContainerPlace]:
    """Return the network namespace of each running container, by the container's name."""
    if isinstance(containers, Missing) or isinstance(namespaces, Missing):
        return {}
    known = ((one.title, namespaces.of(one.id)) for one in containers.items)
    return {
        name: ContainerPlace(container=name, pid=namespace.pid, inode=namespace.inode)
        for name, namespace in known
        if namespace is not None
    }
