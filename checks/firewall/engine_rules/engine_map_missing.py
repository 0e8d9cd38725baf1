"""An element of the engine's nft maps is missing."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.firewall.engine_maps import EngineMaps, LostElement, LostLookup
from doctor.facts.firewall.packet_filter import ENGINE_TABLE

_COSTS = {
    "filter-forward-in-jumps": "its rules for incoming packets are not evaluated, so unpublished ports are open",
    "filter-forward-out-jumps": "its rules for outgoing packets are not evaluated, so an internal network has a way out",
    "nat-postrouting-in-jumps": "packets of this host to its containers are not translated where they have to be",
    "nat-postrouting-out-jumps": "its outgoing packets are not translated, so its containers get no answers from outside",
}


@check(
    severity=Severity.ERROR,
    detail=LostElement | LostLookup,
    breaks=("egress", "port", "dns"),
    ends=("no-masquerade",),
    causes=("firewall/engine-table-missing",),
    ok="the maps of the engine's nft tables have all of its bridges",
)
def engine_map_missing(maps: EngineMaps) -> Iterator[Finding]:
    """A bridge is missing in a map of the engine's nft table, or a map is no longer looked up, and dockerd does not notice.

    What it looks at:
        With ``"firewall-backend": "nftables"`` (engine 29), the tables ``ip docker-bridges`` and ``ip6 docker-bridges`` have four
        maps from a bridge's name to its chains. Each bridge of the network database is looked up in them, in ``nft -j list table``,
        and each map in the base chain that uses it.

    Why it matters:
        Without its element, a bridge has no rules, although its chains look complete: no translation of outgoing packets, or no
        drop in front of unpublished ports.

    How it is fixed:
        The missing element is added, also for running containers; an undo deletes it again. If the chain that it leads to is gone
        too, or a base chain lost its rule, the engine must be restarted: it creates them only at its start.

    References:
        https://docs.docker.com/engine/network/firewall-nftables/
    """
    for item in maps.elements:
        table = f"{item.family} {ENGINE_TABLE}"
        yield Finding(
            subject=Subject("nft-element", f"{table} {item.map} {item.bridge}"),
            message=f"network {item.network} is missing in map {item.map} of nft table '{table}': {_COSTS[item.map]}",
            evidence=(Evidence(f"nft list map {table} {item.map}", f'no element "{item.bridge}" : jump {item.chain}'),),
            detail=item,
        )
    for lookup in maps.lookups:
        table = f"{lookup.family} {ENGINE_TABLE}"
        yield Finding(
            subject=Subject("nft-chain", f"{table} {lookup.chain} {lookup.map}"),
            message=f"chain {lookup.chain} of nft table '{table}' no longer uses map {lookup.map}: the engine's rules in it are not evaluated",
            evidence=(Evidence(f"nft list chain {table} {lookup.chain}", f"no rule with vmap @{lookup.map}"),),
            detail=lookup,
        )
