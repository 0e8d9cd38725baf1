"""The rules of packet filters in network namespaces, as the model of a packet's path takes them."""

from typing import TYPE_CHECKING

from msgspec import Struct

from doctor.facts.path.namespace import NetNamespace
from doctor.facts.path.resolvers import RULES
from doctor.formats.firewall.nft_json import NftRuleset
from doctor.model.missing import Missing

if TYPE_CHECKING:
    from doctor.facts.path.rules.ipsets import IpSet
    from doctor.facts.path.rules.tables import IptablesRules


class RuleLists(Struct, frozen=True, kw_only=True):
    """All rules of one namespace: of both iptables backends and both families, and nftables with sets, maps and elements.

    Attributes:
        sets: sets of ipset that rules name.
        nft: ``None`` if there are only tables of iptables, or none.
        queues: numbers of the queues that programs listen on, ``None`` if unknown or no rule hands packets to one.
        gaps: what could not be read: with one, no verdict about a packet is certain.
    """

    saves: "tuple[IptablesRules, ...]" = ()
    sets: "dict[str, IpSet]" = {}
    nft: NftRuleset | None = None
    queues: frozenset[int] | None = None
    gaps: tuple[Missing, ...] = ()


class PathFirewalls(Struct, frozen=True, kw_only=True):
    """The rules of the host, and of containers' namespaces with others than the engine writes.

    Attributes:
        host: the host's.
        now: the host's clock when they were read, in seconds since the epoch.
        containers: inode of a namespace → its rules. The others have no rules, or the engine's six for its name server.
    """

    host: RuleLists
    containers: dict[int, RuleLists] = {}
    now: float | None = None


def is_usual(namespace: NetNamespace) -> bool:
    """Whether a container's namespace has no rules, or as many as the engine writes, in the same chains."""
    if namespace.legacy_tables or any(table != ("ip", "nat") for table in namespace.nft_tables):
        return False
    return not namespace.nft_rules or namespace.nft_rules == RULES
