"""Parses the output of `nft -j list ruleset`: every table, chain and rule of nf_tables."""

from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from doctor.formats import json_safe
from doctor.formats.json_values import number, text, texts
from doctor.model.errors import FormatError

_FAMILIES = {4: frozenset({"ip", "inet"}), 6: frozenset({"ip6", "inet"})}
_VERDICTS = ("accept", "drop", "reject", "queue", "continue", "return", "jump", "goto")

_UNCONDITIONAL = frozenset({*_VERDICTS, "counter", "log", "comment", "notrack", "masquerade", "mangle"})


class NftChain(Struct, frozen=True, kw_only=True):
    """A chain.

    Attributes:
        family: "ip", "ip6", "inet", "arp", "bridge" or "netdev".
        table: its table.
        name: the chain.
        hook: "forward", "prerouting" … for a base chain; "" for one that is only jumped to.
        kind: "filter", "nat" or "route"; "" without a hook.
        priority: of a base chain: lower ones run first.
        policy: "accept" or "drop"; "" without a hook.
        devices: interfaces of a chain at ingress or egress.
    """

    family: str
    table: str
    name: str
    hook: str
    kind: str
    priority: int
    policy: str
    devices: tuple[str, ...] = ()


class NftRule(Struct, frozen=True, kw_only=True):
    """A rule.

    Attributes:
        family: of its table.
        table: its table.
        chain: its chain.
        handle: nft's id for deletion.
        expressions: matches and statements as in nft's output, in order.
        comment: "" without one.
    """

    family: str
    table: str
    chain: str
    handle: int
    expressions: tuple[dict[str, Any], ...]
    comment: str

    @property
    def verdict(self) -> str:
        """The verdict: "drop", "jump" …; "" for a rule without one."""
        for expression in reversed(self.expressions):
            for verdict in _VERDICTS:
                if verdict in expression:
                    return verdict
            # Extensions that iptables-nft can't translate have their iptables name.
            target = _xt(expression, "target").lower()
            if target in _VERDICTS:
                return target
        return ""

    @property
    def is_unconditional(self) -> bool:
        """Whether it matches every packet of its chain: it has only counters, logs and the verdict."""
        return all(
            _xt(expression, "target") or not (set(expression) - _UNCONDITIONAL) for expression in self.expressions
        )

    @property
    def target(self) -> str:
        """The target chain of its jump or goto; "" otherwise."""
        for expression in self.expressions:
            for verdict in ("jump", "goto"):
                where = expression.get(verdict)
                if isinstance(where, dict):
                    return str(where.get("target", ""))
        return ""

    @property
    def matches(self) -> tuple[dict[str, Any], ...]:
        """Its native conditions ({"op", "left", "right"}); those of iptables extensions aren't among them."""
        found = (expression.get("match") for expression in self.expressions)
        return tuple(match for match in found if isinstance(match, dict))


class NftRuleset(Struct, frozen=True, kw_only=True):
    """All of nf_tables, in the order listed.

    Attributes:
        chains: of all tables.
        rules: of all tables, in evaluation order within a chain.
        sets: sets and maps as listed, with their elements, by (family, table, name).
    """

    chains: tuple[NftChain, ...]
    rules: tuple[NftRule, ...]
    sets: dict[tuple[str, str, str], dict[str, Any]] = {}

    def base_chains(self, hook: str, *, ip_version: int = 4) -> tuple[NftChain, ...]:
        """The chains that every packet of an IP version passes at a hook, in order.

        An accept ends only one of them: a drop in any other is final.
        """
        families = _FAMILIES[ip_version]
        found = [chain for chain in self.chains if chain.hook == hook and chain.family in families]
        return tuple(sorted(found, key=lambda chain: chain.priority))

    def of(self, chain: NftChain) -> tuple[NftRule, ...]:
        """The rules of a chain in order."""
        place = (chain.family, chain.table, chain.name)
        return tuple(rule for rule in self.rules if (rule.family, rule.table, rule.chain) == place)

    def terminal(self, chain: NftChain) -> tuple[NftRule, ...]:
        """The rules of a chain that drop or reject."""
        return tuple(rule for rule in self.of(chain) if rule.verdict in {"drop", "reject"})


def parse(data: bytes) -> NftRuleset:
    """The ruleset. Objects of unknown kinds are skipped.

    Raises:
        FormatError: not the JSON that nft prints.

    >>> listed = b'''{"nftables": [{"metainfo": {"version": "1.1.3"}}, {"table": {"family": "inet", "name": "fw"}},
    ... {"chain": {"family": "inet", "table": "fw", "name": "fwd", "type": "filter", "hook": "forward", "prio": 0,
    ...  "policy": "drop"}}]}'''
    >>> [(chain.table, chain.policy) for chain in parse(listed).base_chains("forward")]
    [('fw', 'drop')]
    """
    listed = _load(data).get("nftables")
    if not isinstance(listed, list):
        raise FormatError('not a ruleset of nft: no list "nftables"')
    chains: list[NftChain] = []
    rules: list[NftRule] = []
    sets: dict[tuple[str, str, str], dict[str, Any]] = {}
    quotas: dict[tuple[str, str, str], dict[str, Any]] = {}
    for entry in listed:
        if not isinstance(entry, dict) or len(entry) != 1:
            raise FormatError("not a ruleset of nft: an entry without a kind")
        kind, item = next(iter(entry.items()))
        if not isinstance(item, dict):
            raise FormatError(f"not a ruleset of nft: {kind[:20]!r} is not an object")
        if kind == "chain":
            chains.append(_chain(item))
        elif kind == "rule":
            rules.append(_rule(item))
        elif kind in {"set", "map"}:
            sets[text(item.get("family")), text(item.get("table")), text(item.get("name"))] = item
        elif kind == "quota":
            quotas[text(item.get("family")), text(item.get("table")), text(item.get("name"))] = item
    if quotas:
        rules = [_with_quotas(rule, quotas) for rule in rules]
    return NftRuleset(chains=tuple(chains), rules=tuple(rules), sets=sets)


def _load(data: bytes) -> dict[str, Any]:
    """The object that nft printed: a set may have 100,000 elements. Other JSON than nft prints is read with care."""
    try:
        found = msgspec.json.decode(data) if len(data) <= json_safe.MAX_BYTES else None
    except (msgspec.DecodeError, RecursionError, ValueError):
        found = None
    return found if isinstance(found, dict) else json_safe.load_object(data)


def _xt(expression: dict[str, Any], kind: str) -> str:
    """The name of an iptables extension of a kind ("match", "target"); "" for anything else."""
    item = expression.get("xt")
    return text(item.get("name")) if isinstance(item, dict) and item.get("type") == kind else ""


def _chain(item: dict[str, Any]) -> NftChain:
    return NftChain(
        family=text(item.get("family")),
        table=text(item.get("table")),
        name=text(item.get("name")),
        hook=text(item.get("hook")),
        kind=text(item.get("type")),
        priority=number(item.get("prio")),
        # nft omits a default policy.
        policy=text(item.get("policy")) or ("accept" if text(item.get("hook")) else ""),
        devices=_devices(item.get("dev")),
    )


def _with_quotas(rule: NftRule, quotas: dict[tuple[str, str, str], dict[str, Any]]) -> NftRule:
    """The rule with named quotas in the place of their names."""
    if not any(isinstance(one.get("quota"), str) for one in rule.expressions):
        return rule
    return replace(rule, expressions=tuple(_with_quota(one, rule, quotas) for one in rule.expressions))


def _with_quota(
    expression: dict[str, Any], rule: NftRule, quotas: dict[tuple[str, str, str], dict[str, Any]]
) -> dict[str, Any]:
    name = expression.get("quota")
    found = quotas.get((rule.family, rule.table, name)) if isinstance(name, str) else None
    return expression if found is None else {"quota": found}


def _devices(value: Any) -> tuple[str, ...]:
    """The interfaces of a base chain: nft prints one as text, several as a list."""
    return (value,) if isinstance(value, str) else texts(value)


def _rule(item: dict[str, Any]) -> NftRule:
    found = item.get("expr")
    expressions = found if isinstance(found, list) else []
    return NftRule(
        family=text(item.get("family")),
        table=text(item.get("table")),
        chain=text(item.get("chain")),
        handle=number(item.get("handle")),
        expressions=tuple(expression for expression in expressions if isinstance(expression, dict)),
        comment=text(item.get("comment")),
    )
