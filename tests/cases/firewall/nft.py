"""Tables of nftables as ``nft -j list table`` prints them, and a host that has one beside Docker's rules."""

import json

from tests.cases.firewall.host import Host
from tests.cases.firewall.rules import BR, SAVE_26


def nft(family: str, table: str, hook: str, policy: str, *rules: list[dict[str, object]], kind: str = "filter") -> str:
    """Return the output of ``nft -j list table`` for a table with one base chain."""
    chain = {
        "family": family, "table": table, "name": "forward", "handle": 1, "type": kind, "hook": hook, "prio": 10,
        "policy": policy,
    }  # fmt: skip
    listed: list[dict[str, object]] = [
        {"metainfo": {"version": "1.1.3", "json_schema_version": 1}},
        {"table": {"family": family, "name": table, "handle": 1}}, {"chain": chain},
    ]  # fmt: skip
    for number, expressions in enumerate(rules, start=2):
        rule = {"family": family, "table": table, "chain": "forward", "handle": number, "expr": expressions}
        listed.append({"rule": rule})
    return json.dumps({"nftables": listed})


ESTABLISHED: list[dict[str, object]] = [
    {"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": ["established", "related"]}}, {"accept": None}
]  # fmt: skip
ACCEPT_BRIDGES: list[dict[str, object]] = [
    {"match": {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": {"set": ["docker0", BR]}}}, {"accept": None}
]  # fmt: skip
ACCEPT_DNAT: list[dict[str, object]] = [
    {"match": {"op": "in", "left": {"ct": {"key": "status"}}, "right": "dnat"}}, {"accept": None}
]  # fmt: skip
REJECT_REST: list[dict[str, object]] = [{"reject": {"type": "icmpx", "expr": "admin-prohibited"}}]


def foreign(listed: str, table: str, save: str = SAVE_26) -> Host:
    """A host with a table of somebody else's."""
    host = Host(save)
    host.tables.append(table)
    return host.says(f"nft -j list table {table}", listed)


_BASES = {
    "filter-forward-in": "filter-FORWARD", "filter-forward-out": "filter-FORWARD", "nat-postrouting-in": "nat-POSTROUTING",
    "nat-postrouting-out": "nat-POSTROUTING",
}  # fmt: skip


def docker_bridges(family: str, *bridges: str, lost: str = "", unused: str = "") -> str:
    """Return the table of an engine with nftables, as far as its maps go.

    Args:
        family: ``ip`` or ``ip6``.
        bridges: interfaces of its networks.
        lost: the map that has no element of the last of them.
        unused: the map that no base chain looks up.
    """
    place = {"family": family, "table": "docker-bridges"}
    listed: list[dict[str, object]] = [{"table": {"family": family, "name": "docker-bridges", "handle": 1}}]
    for start, base in _BASES.items():
        name = f"{start}-jumps"
        names = bridges[:-1] if name == lost else bridges
        listed += [{"chain": {**place, "name": f"{start}__{bridge}", "handle": 5}} for bridge in bridges]
        elements = [[bridge, {"jump": {"target": f"{start}__{bridge}"}}] for bridge in names]
        listed.append(
            {"map": {**place, "name": name, "type": "ifname", "map": "verdict", "handle": 2, "elem": elements}}
        )
        key = {"meta": {"key": "iifname"}}
        if name != unused:
            expressions = [{"vmap": {"key": key, "data": f"@{name}"}}]
            listed.append({"rule": {**place, "chain": base, "handle": 3, "expr": expressions}})
    return json.dumps({"nftables": listed})
