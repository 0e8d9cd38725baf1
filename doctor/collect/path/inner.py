"""Sockets of containers whose own rules lead packets to a program in the container, such as a proxy."""

from doctor.collect.network.listeners import listeners_of
from doctor.facts.network.networks import Networks
from doctor.facts.path.namespaces import NetNamespaces
from doctor.facts.path.rule_lists import PathFirewalls, RuleLists
from doctor.facts.path.scene.worlds import sockets_of
from doctor.facts.path.world import PathSocket
from doctor.host.base import Host
from doctor.model.missing import HostError

_WORDS = (" REDIRECT", " DNAT")
_STATEMENTS = frozenset({"redirect", "dnat"})


def inner_sockets(
    host: Host, firewalls: PathFirewalls, networks: Networks, namespaces: NetNamespaces
) -> dict[int, tuple[PathSocket, ...]]:
    """Return them by the inode of the container's namespace; nothing of a container that has ended."""
    found = {}
    for _, namespace in namespaces.own:
        lists = firewalls.containers.get(namespace.inode)
        if lists is None or not _diverts(lists):
            continue
        try:
            listeners = listeners_of(host, f"/proc/{namespace.pid}/net")
        except HostError:
            continue
        if not listeners.gaps:
            found[namespace.inode] = tuple(sockets_of(networks, listeners, {}))
    return found


def _diverts(lists: RuleLists) -> bool:
    if any(word in line for save in lists.saves for line in save.saved.ruleset.lines for word in _WORDS):
        return True
    rules = () if lists.nft is None else lists.nft.rules
    return any(not _STATEMENTS.isdisjoint(part) for rule in rules for part in rule.expressions)
